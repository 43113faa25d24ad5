"""What the page is told of the parameters that are open in it, by the rules of a run.

POST /switchyard/parameters  {"graph": the parameter nodes in API format, and as far as choices go what they feed,
                              "files": false to leave out the "choices" of pictures, which may be thousands of files}
    -> {"parameters": {node id: {"type", "problem", "value_problem", "value", "min", "max", "step", "choices"}}}

"problem" and "value_problem" are sentences or null: what is wrong with the parameter, and with its value. "value" is
what a node has to hold for it, null while there is none. "choices" are the texts or files to choose from; null: any
text. Nothing is changed and nothing is kept: it is a POST because what is asked about does not fit into an address.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ...core.parameter_prompt import Judgement, find_parameters, judge
from ...core.seeds import HIGHEST_EXACT
from .http_answers import Answer, answering, body_of, graph_of, of_kind, read_body, server_without
from .node_classes import listed_values
from .parameter_inputs import value_problem
from .pictures import picture_input

PREFIX = "/switchyard/parameters"


def register_parameter_routes() -> None:
    """Adds the route to ComfyUI's server, if there is one, and unless another copy of the pack has done so."""
    server = server_without(PREFIX)
    if server is not None:
        server.routes.post(PREFIX)(answering(_judge))


async def _judge(request: Any) -> Answer:
    body = await body_of(request, "The graph")
    return 200, await asyncio.to_thread(lambda: judged(read_body(body)))


def judged(body: dict[str, Any]) -> dict[str, Any]:
    """What is to be said of each parameter of the graph that was sent.

    Raises:
        RefusedError: it is no graph.
    """
    graph = graph_of(body)
    parameters = find_parameters(graph)
    pictures = None
    if "image" in parameters.values() and of_kind(body, "files", bool, True):
        pictures = picture_input("")[0]
    return {
        "parameters": {
            node_id: _told(graph, node_id, one, pictures) for node_id, one in judge(graph, parameters).items()
        }
    }


def _told(graph: Mapping[str, Any], node_id: str, one: Judgement, pictures: list[str] | None) -> dict[str, Any]:
    parameter, value = one.parameter, one.taken
    problem = one.value or (value is not None and value_problem(graph, node_id, parameter.kind)) or ""
    if parameter.kind == "seed" and isinstance(value, int) and value > HIGHEST_EXACT:
        problem = (
            f"A page holds whole numbers up to {HIGHEST_EXACT} exactly, and would change this one. Choose a seed below "
            "that, or run the template from the command line."
        )
    choices: list[str] | None = list(parameter.choices) or None
    if parameter.kind == "image":
        choices = pictures
    elif parameter.kind == "choice" and choices is None:
        choices = _fed_choices(graph, node_id)
    listed = {} if parameter.kind == "image" and pictures is None else {"choices": choices}
    return {
        "type": parameter.kind,
        "problem": one.described or one.shared or None,
        "value_problem": problem or None,
        "value": None if problem or value is None else _as_held(graph[node_id], parameter.is_text, value),
        "min": parameter.low,
        "max": parameter.high,
        "step": parameter.step,
        **listed,
    }


def _as_held(node: Mapping[str, Any], is_text: bool, value: Any) -> Any:
    """The value as the node's widget holds it: the general node has text, as it was written."""
    written = node["inputs"]["value"]
    return str(written) if is_text and not isinstance(written, (bool, dict)) else value


def _fed_choices(graph: Mapping[str, Any], source: str) -> list[str] | None:
    """What all inputs with a list take that a node feeds, in the order of the first; None if none has a list."""
    lists = [
        [str(value) for value in listed]
        for node in graph.values()
        for name, link in node["inputs"].items()
        if link == [source, 0] and (listed := listed_values(node["class_type"], name)) is not None
    ]
    if not lists:
        return None
    return [value for value in dict.fromkeys(lists[0]) if all(value in others for others in lists[1:])]
