"""What the page is told of a graph before it runs, by the same rules as a run.

POST /switchyard/hints  {"graph": in API format, as far as it is made} -> {"hints": [{"rule", "node", …}]}

What else is in a hint says core/graph_hints.py. Nothing is changed and nothing is kept: it is a POST because what is
asked about does not fit into an address.
"""

from __future__ import annotations

import asyncio
from typing import Any

from ...core.graph_hints import find_hints
from .attempts import seed_range
from .http_answers import Answer, answering, body_of, graph_of, read_body, server_without

PREFIX = "/switchyard/hints"
_ANY_SEED = (0, 2**32 - 1)


def register_hint_routes() -> None:
    """Adds the route to ComfyUI's server, if there is one, and unless another copy of the pack has done so."""
    server = server_without(PREFIX)
    if server is not None:
        server.routes.post(PREFIX)(answering(_find))


async def _find(request: Any) -> Answer:
    body = await body_of(request, "The graph")
    return 200, await asyncio.to_thread(lambda: hints_for(read_body(body)))


def hints_for(body: dict[str, Any]) -> dict[str, Any]:
    """The hints about the graph that was sent.

    Raises:
        RefusedError: it is no graph.
    """
    graph = graph_of(body)
    return {"hints": find_hints(graph, _is_output, _range)}


def _is_output(class_type: str) -> bool:
    import nodes

    return getattr(nodes.NODE_CLASS_MAPPINGS.get(class_type), "OUTPUT_NODE", False) is True


def _range(class_type: str, name: str) -> tuple[int, int]:
    """What an input takes; another pack's node that can't tell keeps nobody from getting hints."""
    try:
        return seed_range(class_type, name)
    except Exception:  # noqa: BLE001 - other packs' code: whatever it raises, we can't tell
        return _ANY_SEED
