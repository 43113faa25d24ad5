"""Servers as a command line names them: an address, how many jobs it works on at a time, and its tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit, urlunsplit

from ..errors import SwitchyardError, TemplateError
from .run_folder import check_tag


class TagError(SwitchyardError):
    """No server has all the tags that a run requires."""


@dataclass(frozen=True)
class Server:
    """A server.

    Attributes:
        url: its address.
        slots: how many jobs it works on at a time: 1, unless it stands for several behind one address.
        tags: what it is said to have, such as "sdxl"; a run may require some.
    """

    url: str
    slots: int = 1
    tags: Sequence[str] = ()

    def __str__(self) -> str:
        slots = f",slots={self.slots}" if self.slots != 1 else ""
        tags = f",tags={'+'.join(self.tags)}" if self.tags else ""
        return f"{self.url}{slots}{tags}"

    @classmethod
    def read(cls, text: str) -> Server:
        """A server of the form URL[,slots=N][,tags=A+B]; raises TemplateError if it is none."""
        url, *settings = text.split(",")
        slots, tags = 1, ()
        for setting in settings:
            name, _, value = (part.strip() for part in setting.partition("="))
            if name == "slots" and value.isdecimal() and int(value) > 0:
                slots = int(value)
            elif name == "tags":
                tags = tuple(check_tag(tag.strip()) for tag in value.split("+"))
            else:
                shown = text.rpartition("@")[2]  # without a password
                raise TemplateError(f'"{shown}" names no server: write URL, URL,slots=N or URL,tags=A+B.')
        return cls(url.strip(), slots, tags)

    def without_password(self) -> Server:
        """The same as it may stand in a file: who resumes the run gives the password again."""
        parts = urlsplit(self.url if "://" in self.url else f"http://{self.url}")
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return Server(bare, self.slots, self.tags)


class _Tagged(Protocol):
    @property
    def tags(self) -> Any: ...


T = TypeVar("T", bound=_Tagged)


def with_tags(servers: Iterable[T], required: Sequence[str]) -> list[T]:
    """Those servers that have all required tags.

    Raises:
        TagError: none has; says which tags there are.
    """
    servers = list(servers)
    found = [server for server in servers if set(required) <= set(server.tags)]
    if servers and not found:
        there = sorted({"+".join(sorted(server.tags)) or "no tags" for server in servers})
        raise TagError(
            f"No server has the tags that this run requires ({', '.join(required)}). The servers have: "
            f"{'; '.join(there)}. Give them with --server URL,tags=A+B."
        )
    return found
