"""Everything that can go wrong, as one tree.

SwitchyardError
├── TemplateError            a template, a graph or a value that can't be used
│   └── TemplateExists       a template of that name is there already
├── ServerUnavailable        no ComfyUI answers
├── AuthRequired             the server wants to know who asks
├── PromptRejected           ComfyUI found the graph invalid
│   └── PartialPrompt        ... a part of it
├── JobFailed                the job ended badly
│   └── NodeFailed           a node failed
│       └── OutOfMemory      ... because memory ran out
├── JobInterrupted           somebody stopped the job
├── JobLost                  the server does not know the job (any more)
├── JobStalled               the job did not get on, and was stopped
├── JobTimeout               the job took longer than was allowed
└── OutputMissing            a file that the job has made can't be had, or not be saved
    └── PicturesMissed       ... as it was sent once, and nobody listened
"""

from __future__ import annotations


class SwitchyardError(Exception):
    """What a person can read and act on.

    Attributes:
        exit_code: what the command line ends with.
        retryable: whether the same may go well a second time, with nothing changed.
    """

    exit_code = 2
    retryable = False


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
    retryable = True


class AuthRequired(SwitchyardError):
    """The server, or what stands before it, wants another name, password or header."""

    exit_code = 4


class PromptRejected(SwitchyardError):
    """ComfyUI found the graph invalid; nothing of it runs."""

    exit_code = 3


class PartialPrompt(PromptRejected):
    """ComfyUI found a part of the graph invalid and would run the rest; it was taken back."""


class JobFailed(SwitchyardError):
    """The job ended, and not well."""

    exit_code = 1


class NodeFailed(JobFailed):
    """A node failed.

    Attributes:
        node_id, class_type: which one.
        exception_type: the Python class of its error, such as "ValueError".
        message: what the node said.
    """

    def __init__(self, text: str, node_id: str, class_type: str, exception_type: str, message: str) -> None:
        super().__init__(text)
        self.node_id = node_id
        self.class_type = class_type
        self.exception_type = exception_type
        self.message = message


class OutOfMemory(NodeFailed):
    """Memory ran out in a node. After `Client.free` it may go well."""

    retryable = True


class JobInterrupted(SwitchyardError):
    """Somebody stopped the job while it ran."""

    exit_code = 1


class JobLost(SwitchyardError):
    """The server does not know the job: it was taken out of the queue, or the server was started anew."""

    exit_code = 1
    retryable = True


class JobStalled(SwitchyardError):
    """The job did not get on for longer than was allowed, and was stopped."""

    exit_code = 5
    retryable = True


class JobTimeout(SwitchyardError):
    """The job took longer than was allowed. It goes on."""

    exit_code = 5


class OutputMissing(SwitchyardError):
    """A file that the job has made can't be had from the server, or can't be saved here."""

    exit_code = 1


class PicturesMissed(OutputMissing):
    """Pictures that a node only sends were not received."""

    retryable = True
