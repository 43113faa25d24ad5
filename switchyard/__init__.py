"""Switchyard's client: templates of workflows, and the command line. Stands alone.

Templates need only the standard library. What talks to a server is loaded when it is first asked for, and needs the
extra `client`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .errors import SwitchyardError
from .template import (
    Template,
    TemplateError,
    extract_configurable_params,
    load_and_customize,
    save_workflow_template,
)

if TYPE_CHECKING:
    from .client import Client
    from .functions import (
        batch_generate,
        generate_variations,
        get_history,
        get_image,
        profile_workflow,
        queue_prompt,
        wait_for_completion,
    )

__all__ = [
    "Client",
    "SwitchyardError",
    "Template",
    "TemplateError",
    "batch_generate",
    "extract_configurable_params",
    "generate_variations",
    "get_history",
    "get_image",
    "load_and_customize",
    "profile_workflow",
    "queue_prompt",
    "save_workflow_template",
    "wait_for_completion",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(".client" if name == "Client" else ".functions", __name__), name)
