"""A stand-in for ComfyUI's HTTP interface, for what a client can be told; the real one is asked in tests/comfyui."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class FakeComfyUI:
    """What a test tells the server to say.

    Attributes:
        answers: by path, a status and a body (JSON or bytes), or a function of the request's body that gives them.
        asked: each request: method, path with query, and the body: its JSON, or bytes if it is a form.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, str, Any]] = []
        self.url = ""

    def prompts(self) -> list[dict[str, Any]]:
        return [body for method, path, body in self.asked if (method, path) == ("POST", "/prompt")]

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Any]:
        self.asked.append((method, target, body))
        path = urlsplit(target).path
        anywhere_below = f"{path.rsplit('/', 1)[0]}/*"
        found: Any = self.answers.get(path, self.answers.get(anywhere_below, (404, {"error": "no such page"})))
        if isinstance(found, tuple):
            return found
        return found(body if method == "POST" else parse_qs(urlsplit(target).query))


@contextlib.contextmanager
def serve() -> Iterator[FakeComfyUI]:
    fake = FakeComfyUI()

    class Handler(BaseHTTPRequestHandler):
        def _reply(self, body: Any = None) -> None:
            status, answer = fake.answer(self.command, self.path, body)
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self._reply()

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            is_form = self.headers["Content-Type"].startswith("multipart/")
            self._reply(data if is_form else json.loads(data or b"{}"))

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
