"""Switchyard's client: templates of workflows, and the command line. Stands alone; needs only the standard library."""

from .errors import SwitchyardError
from .template import (
    Template,
    TemplateError,
    extract_configurable_params,
    load_and_customize,
    save_workflow_template,
)

__all__ = [
    "SwitchyardError",
    "Template",
    "TemplateError",
    "extract_configurable_params",
    "load_and_customize",
    "save_workflow_template",
]
