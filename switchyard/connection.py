"""One server's HTTP: its address, who asks, and answers as JSON or as an error in words. Needs httpx."""

from __future__ import annotations

import base64
import contextlib
import functools
import importlib
import ipaddress
import json
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import AuthRequired, ServerUnavailable, SwitchyardError

if TYPE_CHECKING:
    import ssl

    import httpx

DEFAULT_URL = "http://127.0.0.1:8188"
_RETRIES_S = (0.1, 0.4)  # pauses before an answer that got lost is asked for again


def need(module: str) -> ModuleType:
    """A module that only this part of the client needs.

    Raises:
        SwitchyardError: it is not installed; says how to.
    """
    try:
        return importlib.import_module(module)
    except ImportError as problem:
        folder = Path(__file__).resolve().parent.parent
        extra = f'"{folder}[client]"' if (folder / "pyproject.toml").is_file() else "httpx websockets"
        name = module.partition(".")[0]
        raise SwitchyardError(
            f"To talk to a server, the Python package {name} is needed: pip install {extra}"
        ) from problem


@functools.cache
def _authorities() -> ssl.SSLContext:
    """Who vouches for https servers, read once for all clients: that takes longer than most answers."""
    return need("httpx").create_ssl_context()


class Address(NamedTuple):
    """Where a server is; the password is kept apart, so that nothing prints it."""

    url: str
    host: str
    user: str | None
    password: str

    @classmethod
    def read(cls, text: str) -> Address:
        """An address as people write it: with or without http://, a name and password, a port, a path.

        Raises:
            ServerUnavailable: it is none.
        """
        parts = urllib.parse.urlsplit(text if "://" in text else f"http://{text}")
        try:
            host, port = parts.hostname or "", parts.port
        except ValueError:
            host, port = "", None
        if parts.scheme not in ("http", "https") or not host:
            shown = text.rpartition("@")[2]
            raise ServerUnavailable(f"{shown!r} is no server's address: it should look like {DEFAULT_URL}.")
        place = f"[{host}]" if ":" in host else host
        place += f":{port}" if port is not None else ""
        url = urllib.parse.urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))
        user = None if parts.username is None else urllib.parse.unquote(parts.username)
        return cls(url, host, user, urllib.parse.unquote(parts.password or ""))

    @property
    def is_here(self) -> bool:
        """Whether it is this computer, which is never reached through a proxy."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class Reply(NamedTuple):
    """An answer: its status and its JSON, or its text where it is none; {} if it is empty."""

    status: int
    content: Any


class Connection:
    """Asks one server. Several threads may use it at once.

    Attributes:
        url: the address, without a password.
        headers: what goes along with each request; secret.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        verify: bool | ssl.SSLContext = True,
        timeout_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        httpx = need("httpx")
        self.address = Address.read(url)
        self.url = self.address.url
        self.verify = verify
        self.timeout_s = timeout_s
        basic = None if self.address.user is None else (self.address.user, self.address.password)
        place = self.address.host if ":" not in self.address.host else f"[{self.address.host}]"
        self._http = httpx.Client(
            auth=basic,
            headers=dict(headers or {}),
            verify=_authorities() if verify is True else verify,
            timeout=timeout_s,
            transport=transport,
            mounts={f"all://{place}": None} if self.address.is_here and transport is None else None,
        )
        self.headers = dict(headers or {})

    def close(self) -> None:
        self._http.close()

    def socket_headers(self) -> dict[str, str]:
        """What goes along when a WebSocket is opened; secret."""
        if self.address.user is None:
            return dict(self.headers)
        pair = f"{self.address.user}:{self.address.password}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}", **self.headers}

    def get(self, path: str, *, none_if: tuple[int, ...] = (), timeout_s: float | None = None) -> Any:
        """The JSON at a path; None if the status is one of `none_if`. An answer that got lost is asked for again."""
        return self._checked(path, self._repeated("GET", path, None, timeout_s), none_if)

    def post(self, path: str, body: Any) -> Any:
        """The answer to a request that may be made twice without harm."""
        return self._checked(path, self._repeated("POST", path, body, None), ())

    def post_once(self, path: str, body: Any) -> Reply:
        """The answer to a request that must not be made twice, whatever its status is.

        Raises:
            ServerUnavailable: no answer came; `__cause__` is httpx's error, which says whether it was sent.
            AuthRequired: the server wants to know who asks.
        """
        return self._once("POST", path, body, None)

    def upload(self, path: str, fields: Mapping[str, str], file: Path) -> Any:
        """The answer to a form with a file, which may be sent twice without harm."""
        for pause in (*_RETRIES_S, None):
            with file.open("rb") as content, self._errors(path):
                try:
                    answer = self._http.post(self.url + path, data=dict(fields), files={"image": (file.name, content)})
                except need("httpx").TransportError:
                    if pause is None:
                        raise
                    time.sleep(pause)
                    continue
            return self._checked(path, self._read(path, answer), ())
        raise AssertionError

    @contextlib.contextmanager
    def stream(self, path: str) -> Iterator[httpx.Response]:
        """An answer whose content is read in pieces; whatever its status is."""
        with self._errors(path), self._http.stream("GET", self.url + path) as answer:
            self._refuse_strangers(path, answer)
            yield answer

    def _repeated(self, method: str, path: str, body: Any, timeout_s: float | None) -> Reply:
        for pause in _RETRIES_S:
            try:
                reply = self._once(method, path, body, timeout_s)
            except ServerUnavailable as problem:
                if not was_cut_off(problem):
                    raise
            else:
                if reply.status < 500:
                    return reply
            time.sleep(pause)
        return self._once(method, path, body, timeout_s)

    def _once(self, method: str, path: str, body: Any, timeout_s: float | None) -> Reply:
        data = None if body is None else json.dumps(body, allow_nan=False).encode()
        headers = {} if data is None else {"Content-Type": "application/json"}
        timeout = self.timeout_s if timeout_s is None else timeout_s
        with self._errors(path):
            answer = self._http.request(method, self.url + path, content=data, headers=headers, timeout=timeout)
        return self._read(path, answer)

    def _read(self, path: str, answer: httpx.Response) -> Reply:
        self._refuse_strangers(path, answer)
        if not answer.content.strip():
            return Reply(answer.status_code, {})
        try:
            return Reply(answer.status_code, json.loads(answer.content))
        except ValueError:
            return Reply(answer.status_code, answer.content.decode("utf-8", "replace"))

    def _refuse_strangers(self, path: str, answer: httpx.Response) -> None:
        if answer.status_code in (401, 403, 407):
            raise AuthRequired(
                f"{self.url}{path.partition('?')[0]} answers {answer.status_code}: it wants a name and password "
                "(http://NAME:PASSWORD@HOST) or a header (--header NAME=VALUE)."
            )
        if answer.is_redirect:
            where = urllib.parse.urlsplit(answer.headers.get("Location", ""))
            target = urllib.parse.urlunsplit((where.scheme, where.netloc.rpartition("@")[2], where.path, "", ""))
            raise ServerUnavailable(f"{self.url} sends to another address, {target}: give the one that is meant.")

    def _checked(self, path: str, reply: Reply, none_if: tuple[int, ...]) -> Any:
        if reply.status in none_if:
            return None
        if reply.status >= 400:
            raise self.refusal(path, reply)
        if isinstance(reply.content, str):
            raise ServerUnavailable(f"{self.url}{path} answers, but is no ComfyUI: {short(reply.content)}")
        return reply.content

    def refusal(self, path: str, reply: Reply) -> ServerUnavailable:
        """An answer that is none, as an error."""
        text = reply.content if isinstance(reply.content, str) else json.dumps(reply.content, ensure_ascii=False)
        return ServerUnavailable(f"{self.url}{path} answers {reply.status}: {short(text)}")

    @contextlib.contextmanager
    def _errors(self, path: str) -> Iterator[None]:
        httpx = need("httpx")
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout) as problem:
            reason = str(problem) or "it takes too long"
            if "CERTIFICATE_VERIFY_FAILED" in reason:
                raise ServerUnavailable(
                    f"{self.url} shows a certificate that is not trusted: {reason}. If it is yours, use --insecure "
                    "(in Python verify=False, or an SSLContext that knows it)."
                ) from problem
            raise ServerUnavailable(f"No ComfyUI answers at {self.url}: {reason}. Is it running?") from problem
        except httpx.TimeoutException as problem:
            raise ServerUnavailable(f"{self.url}{path.partition('?')[0]} takes too long to answer.") from problem
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as problem:
            where = f"{self.url}{path.partition('?')[0]}"
            reason = str(problem) or type(problem).__name__
            raise ServerUnavailable(f"{where} broke off: {reason}.") from problem


def was_cut_off(problem: ServerUnavailable) -> bool:
    """Whether the answer got lost on the way, rather than that nobody listens or it takes long."""
    httpx = need("httpx")
    never_sent = (httpx.ConnectError, httpx.TimeoutException, httpx.UnsupportedProtocol)
    return isinstance(problem.__cause__, httpx.TransportError) and not isinstance(problem.__cause__, never_sent)


def was_never_sent(problem: ServerUnavailable) -> bool:
    """Whether the server can't have seen the request."""
    httpx = need("httpx")
    kinds = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
    return isinstance(problem.__cause__, kinds)


def was_too_slow(problem: ServerUnavailable) -> bool:
    """Whether the answer took too long."""
    return isinstance(problem.__cause__, need("httpx").TimeoutException)


def short(text: str) -> str:
    """A text as one line of at most 200 characters."""
    text = " ".join(text.split())
    return text if len(text) <= 200 else f"{text[:197]}..."
