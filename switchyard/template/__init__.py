"""Workflow templates: a graph with named, typed parameters, as one JSON file. Needs only the standard library."""

from ..errors import TemplateError, TemplateExists
from .checks import Finding
from .files import FORMAT, VERSION
from .groups import Group
from .importing import open_any
from .listing import Difference, Listed, compare_templates, list_templates
from .outputs import Output
from .parameters import ABSENT, Bind, Parameter
from .template import Template
from .tutorial import extract_configurable_params, load_and_customize, save_workflow_template

__all__ = [
    "ABSENT",
    "FORMAT",
    "VERSION",
    "Bind",
    "Difference",
    "Finding",
    "Group",
    "Listed",
    "Output",
    "Parameter",
    "Template",
    "TemplateError",
    "TemplateExists",
    "compare_templates",
    "extract_configurable_params",
    "list_templates",
    "load_and_customize",
    "open_any",
    "save_workflow_template",
]
