"""What our HTTP routes have in common: JSON in, JSON out, and a refusal is a sentence for a person."""

from __future__ import annotations

import json
import logging
import math
import sys
from collections.abc import Awaitable, Callable
from typing import Any

Answer = tuple[int, Any]
MOST_MEGABYTES = 32


class RefusedError(Exception):
    """What is asked for can't be done.

    Attributes:
        status: the HTTP status that says so.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def server_without(prefix: str) -> Any | None:
    """ComfyUI's server; None if there is none, or if another copy of the pack has added the route already."""
    server = getattr(getattr(sys.modules.get("server"), "PromptServer", None), "instance", None)
    if server is None or any(getattr(route, "path", None) == prefix for route in server.routes):
        return None
    return server


def answering(handle: Callable[[Any], Awaitable[Answer]]) -> Callable[[Any], Awaitable[Any]]:
    """A handler for the server, which never lets an error through: each becomes {"error": a sentence}."""

    async def answer(request: Any) -> Any:
        from aiohttp import web

        try:
            status, body = await handle(request)
        except RefusedError as refusal:
            status, body = refusal.status, {"error": str(refusal)}
        except web.HTTPException:
            raise
        except OSError as problem:
            logging.warning("Switchyard: %s %s: %s", request.method, request.path, problem)
            status, body = 503, {"error": f"A file or folder can't be used: {problem.strerror or problem}."}
        except Exception as problem:
            logging.exception("Switchyard: %s %s", request.method, request.path)
            what = f"{type(problem).__name__}: {problem}"
            status, body = 500, {"error": f"That failed in a way nobody foresaw; ComfyUI's log has more. ({what})"}
        return web.json_response(body, status=status)

    return answer


async def body_of(request: Any, what: str) -> bytes:
    """What was sent.

    Args:
        request: the request; what a form of another site can send is refused.
        what: how an error calls the content.

    Raises:
        RefusedError: it is not called JSON, or it is too big.
    """
    if request.content_type != "application/json":
        raise RefusedError(415, f'The body has to be JSON ("application/json"), not {request.content_type!r}.')
    body = bytearray()
    async for chunk in request.content.iter_chunked(2**16):
        body += chunk
        if len(body) > MOST_MEGABYTES * 2**20:
            raise RefusedError(413, f"{what} is too big: more than {MOST_MEGABYTES} MB.")
    return bytes(body)


def read_body(body: bytes) -> dict[str, Any]:
    """The JSON object that was sent; NaN and numbers beyond all bounds are no JSON, whatever Python says."""
    try:
        document = json.loads(body, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as problem:
        raise RefusedError(400, f"The body is no JSON: {problem}.") from problem
    if not isinstance(document, dict):
        raise RefusedError(400, "The body has to be a JSON object.")
    return document


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def of_kind(body: dict[str, Any], key: str, kind: type, default: Any) -> Any:
    """A field of the body; raises RefusedError if it is of another kind."""
    value = body.get(key)
    if value is None:
        return default
    if not isinstance(value, kind):
        words = {str: "text", bool: "true or false", dict: "an object"}
        raise RefusedError(400, f'"{key}" has to be {words[kind]}, but is {short(value)}.')
    return value


def graph_of(body: dict[str, Any]) -> dict[str, Any]:
    """The body's "graph": nodes in API format, by id; raises RefusedError if it is none."""
    graph = of_kind(body, "graph", dict, None)
    if graph is None:
        raise RefusedError(400, 'The graph is missing: "graph" has to hold nodes in API format, by id.')
    for node_id, node in graph.items():
        if not isinstance(node, dict) or not isinstance(node.get("inputs"), dict):
            raise RefusedError(400, f"Node {short(node_id)} has to be an object with inputs, but is {short(node)}.")
        if not isinstance(node.get("class_type"), str):
            raise RefusedError(400, f"Node {short(node_id)} has no class_type.")
    return graph


def short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
