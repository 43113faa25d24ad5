"""Sockets, branches and blocking: what the nodes need of ComfyUI's graph engine."""

from __future__ import annotations

from typing import Any

IF_MISSING = ("error", "none", "block")


class _AnyType(str):
    """The type "*" that fits every other type when ComfyUI compares types with !=.

    Only __ne__ is overridden. An __eq__ that is always true makes ComfyUI convert literals to int, float, str and bool
    in turn, so that 5 > 3 is compared as True > True.
    """

    __slots__ = ()

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


ANY = _AnyType("*")


class _Unplugged:
    """Stands for an input that nothing is plugged into; None is a value that something upstream gave."""

    def __repr__(self) -> str:
        return "UNPLUGGED"


UNPLUGGED = _Unplugged()


def condition_input(default: bool, tooltip: str) -> tuple[str, dict[str, Any]]:
    """A toggle on the node whose socket takes any type: numbers, text and numpy booleans are conditions too."""
    return (ANY, {"widgetType": "BOOLEAN", "default": default, "tooltip": tooltip})


def branch_input(tooltip: str) -> tuple[str, dict[str, Any]]:
    """A socket of any type whose upstream runs only when the node asks for it."""
    return (ANY, {"lazy": True, "tooltip": tooltip})


def if_missing_input() -> tuple[list[str], dict[str, Any]]:
    """The choice of what a node does when the branch it chose is not plugged in."""
    return (
        list(IF_MISSING),
        {
            "default": IF_MISSING[0],
            "tooltip": "What happens when nothing is plugged into the chosen input (or its node is muted): an error, "
            "the value None, or everything downstream is silently skipped.",
        },
    )


def is_evaluated(values: Any) -> bool:
    """Whether a lazy input of a node with INPUT_IS_LIST has run already.

    The engine hands over the list of what came out of it, or the tuple (None,) while it has not run: this is how an
    upstream None is told from an upstream that was not asked yet.
    """
    return not isinstance(values, tuple)


def block(message: str | None = None) -> Any:
    """A value that keeps everything downstream from running; the message, if any, is shown once in the page."""
    from comfy_execution.graph import ExecutionBlocker

    return ExecutionBlocker(message)


def missing_branch(if_missing: str, problem: str) -> Any:
    """Gives what stands for a chosen branch that is not plugged in: None, or a blocker.

    Raises:
        ValueError: if_missing is "error"; its text is the problem and what to do.
    """
    if if_missing == "none":
        return None
    if if_missing == "block":
        return block()
    raise ValueError(f'{problem} Plug something in, or set if_missing to "none" or "block".')
