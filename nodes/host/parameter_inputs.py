"""The inputs that template parameters have in common, and what is wrong with those of a whole prompt."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from ...core.parameter_prompt import find_parameters, find_problems, literal
from ...core.template_parameters import DESCRIBED, PARAMETER_VALUE, called, list_words
from .node_classes import listed_values
from .pictures import picture_missing

CATEGORY = "Switchyard/Template"
PROBLEM = "problem"  # the input in which find_problems' words reach VALIDATE_INPUTS, and which no caller fills in
Spec = tuple[Any, dict[str, Any]]


def name_input() -> dict[str, Spec]:
    """The name that callers use."""
    return {
        "name": (
            "STRING",
            {
                "default": "",
                "tooltip": "What callers of the workflow write to set this value: a to z, 0 to 9 and _, such as steps. "
                "Empty: a template names it after its title, or after the input that it is plugged into.",
            },
        )
    }


def described_inputs(*fields: str) -> dict[str, Spec]:
    """What describes a parameter to people and callers, with those of min, max, step and choices that it has."""
    return {
        "label": _text("Shown to people in place of the name."),
        "description": _text("Says in a sentence what the value does, for people and for programs that fill it in."),
        "group": _text("Shown under this heading, together with the other parameters of the group."),
        "order": (
            "INT",
            {
                "default": 0,
                "min": -100000,
                "max": 100000,
                "advanced": True,
                "tooltip": "Places it among the others: lower numbers come first, equal ones as in the workflow.",
            },
        ),
        "default": _text("The value when a caller sets none. Empty: the value that the node holds."),
        **{field: _FIELDS[field]() for field in fields},
    }


def hidden_inputs() -> dict[str, Any]:
    """The prompt, for names that are there twice, and what is wrong with this node in it."""
    return {"prompt": "PROMPT", PROBLEM: ("STRING", {})}


def mark_problems(prompt: dict[str, Any]) -> None:
    """Writes into each parameter of a prompt what is wrong with it, so that its VALIDATE_INPUTS can say so.

    VALIDATE_INPUTS sees one node, after ComfyUI has turned 4.7 into 4 and "false" into true; a prompt that is being
    queued is seen as a whole, and as it was sent.
    """
    parameters = {node_id: kind for node_id, kind in find_parameters(prompt).items() if _is_ours(prompt[node_id])}
    problems = find_problems(prompt, parameters)
    for node_id, kind in parameters.items():
        inputs = prompt[node_id]["inputs"]
        inputs.pop(PROBLEM, None)
        for field in ("order", *DESCRIBED):
            if inputs.get(field, "") is None:  # ComfyUI would make the text "None" of it
                del inputs[field]
        problem = problems.get(node_id) or value_problem(prompt, node_id, kind)
        if problem:
            inputs[PROBLEM] = problem


def _is_ours(node: Mapping[str, Any]) -> bool:
    """Another pack may own the plain id."""
    known = getattr(sys.modules.get("nodes"), "NODE_CLASS_MAPPINGS", {})
    return getattr(known.get(node["class_type"]), "CATEGORY", "") == CATEGORY


def value_problem(prompt: Mapping[str, Any], node_id: str, kind: str) -> str:
    """What is wrong with a value that only ComfyUI can judge: a file, or one of a list. Empty if nothing is."""
    inputs = prompt[node_id]["inputs"]
    value = literal(inputs.get(PARAMETER_VALUE))
    problem = ""
    if kind == "image" and not isinstance(value, list):
        problem = picture_missing(str(value))
    elif kind == "choice" and not isinstance(value, list):
        problem = _not_listed(prompt, node_id, str(value))
    return f"{called(kind, inputs.get('name'))}: {problem}" if problem else ""


def _not_listed(prompt: Mapping[str, Any], source: str, value: str) -> str:
    for node_id, node in prompt.items():
        for name, link in node["inputs"].items():
            listed = listed_values(node["class_type"], name) if link == [source, 0] else None
            if listed is not None and value not in map(str, listed):
                place = f"{name} of node {node_id} ({node['class_type']})"
                wanted = list_words([str(one) for one in listed]) if listed else "in its list, which is empty"
                return f'value is "{value}", but {place} does not take it; it must be {wanted}.'
    return ""


def _text(tooltip: str, *, multiline: bool = False) -> Spec:
    options = {"default": "", "advanced": True, "tooltip": tooltip}
    return ("STRING", {**options, "multiline": True} if multiline else options)


_FIELDS: dict[str, Callable[[], Spec]] = {
    "min": lambda: _text("The lowest value that is allowed, as a number. Empty: there is none."),
    "max": lambda: _text("The highest value that is allowed, as a number. Empty: there is none."),
    "step": lambda: _text("How far a form moves the value at a time, above 0; values between are allowed. Empty: any."),
    "choices": lambda: _text(
        "The values that are allowed, one a line. Empty: whatever the input takes that it is plugged into.",
        multiline=True,
    ),
}
