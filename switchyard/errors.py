"""Everything that can go wrong, as one tree.

SwitchyardError
├── TemplateError            a template, a graph or a value that can't be used
│   └── TemplateExists       a template of that name is there already
├── ServerUnavailable        no ComfyUI answers
├── PromptRejected           ComfyUI found the graph invalid
├── JobFailed                a node failed, or the job was interrupted or lost
└── JobTimeout               the job took longer than was allowed
"""

from __future__ import annotations


class SwitchyardError(Exception):
    """What a person can read and act on. `exit_code` is what the command line ends with."""

    exit_code = 2


class TemplateError(SwitchyardError):
    """A template, a graph or a value that can't be used.

    Attributes:
        where: a JSON pointer into the document, such as /parameters/2/default, or "" if it is about the whole.
    """

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where


class TemplateExists(TemplateError):
    """There is a template of that name already."""


class ServerUnavailable(SwitchyardError):
    """No ComfyUI answers at the address, or something else does."""

    exit_code = 4


class PromptRejected(SwitchyardError):
    """ComfyUI found the graph invalid, or a part of it; nothing of it runs."""

    exit_code = 3


class JobFailed(SwitchyardError):
    """A node failed, or the job was interrupted or is gone from the server."""

    exit_code = 1


class JobTimeout(SwitchyardError):
    """The job took longer than was allowed."""

    exit_code = 5
