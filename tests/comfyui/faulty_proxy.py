"""A proxy that loses answers, breaks them or is slow, to stand between a client and a real server."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class FaultyProxy:
    """What goes wrong, and what came by.

    Attributes:
        lose_every: of how many answers one is lost, after the server has acted; 0: none.
        breaks_submissions: whether the answer to a submission is 500 once the server has taken it.
        latency_s: how long each answer is held back.
        queued: the ids of the jobs that the server took, once each time that it did.
        url: where the proxy listens.
    """

    def __init__(self) -> None:
        self.lose_every = 0
        self.breaks_submissions = False
        self.latency_s = 0.0
        self.queued: list[str] = []
        self.url = ""


@contextlib.contextmanager
def proxy_to(target: str) -> Iterator[FaultyProxy]:
    proxy, place, numbers = FaultyProxy(), urlsplit(target).netloc, itertools.count(1)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self, body: bytes | None = None) -> None:
            upstream = http.client.HTTPConnection(place, timeout=60)
            upstream.request(self.command, self.path, body, {"Content-Type": "application/json"} if body else {})
            answer = upstream.getresponse()
            status, data = answer.status, answer.read()
            upstream.close()
            if body and self.path == "/prompt" and status == 200:
                proxy.queued.append(json.loads(data)["prompt_id"])
                if proxy.breaks_submissions:
                    status, data = 500, b"500 Internal Server Error"
            time.sleep(proxy.latency_s)
            if proxy.lose_every and next(numbers) % proxy.lose_every == 0:
                self.close_connection = True
                return
            with contextlib.suppress(OSError):  # the client may have given up
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        def do_GET(self) -> None:
            self._forward()

        def do_POST(self) -> None:
            self._forward(self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
