"""What benchmarks/quality_gate.py measures with: a server, the same body in three kinds of graph, and a client that
counts what the server sends. The body is a loader and a text (run once), a sampler, a decoder and a scorer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

from engine.layout import REPOSITORY, Layout, python_of
from engine.pack import install_pack
from engine.run import Graph
from engine.server import Server

NEVER = 2.0  # a threshold above every score
TINY, EIGHT_MB = 8, 832  # pixels: 832 x 832 x 3 floats are 8.3 MB
PICTURE = EIGHT_MB * EIGHT_MB * 3 * 4
BODY = ("loader", "text", "sampler", "decode", "score")


@dataclass
class Measured:
    """What became of one or more prompts that were queued together.

    Attributes:
        trouble: what went wrong, if anything did.
        seconds: from the start of the first prompt to the end of the last one, by the server's clock.
        busy: the same without what lies between two prompts.
        received: the size of all messages to the client.
        stages: for each time that a node was started, the node of the graph that it stands for.
        longest: the length of the longest node id among them.
        score: the score at the end of the last prompt.
    """

    trouble: str = ""
    seconds: float = 0.0
    busy: float = 0.0
    received: int = 0
    stages: list[str] = field(default_factory=list)
    longest: int = 0
    score: float | None = None


def body(seed: Any, seconds: float = 0.0, pixels: int = TINY) -> Graph:
    return {
        "loader": {"class_type": "BenchValue", "inputs": {"name": "model"}},
        "text": {"class_type": "BenchValue", "inputs": {"name": "a lighthouse at dusk"}},
        "sampler": {
            "class_type": "BenchSampler",
            "inputs": {"seed": seed, "seconds": seconds, "model": ["loader", 0], "text": ["text", 0]},
        },
        "decode": {"class_type": "BenchDecode", "inputs": {"latent": ["sampler", 0], "pixels": pixels}},
        "score": {"class_type": "BenchScore", "inputs": {"image": ["decode", 0]}},
    }


def end(image: str, score: list[Any], mark: str = "") -> Graph:
    inputs = {"image": [image, 0], "score": score, "mark": mark}
    return {"end": {"class_type": "BenchEnd", "inputs": inputs}}


def plain_prompts(attempts: int, seed: int, **settings: Any) -> list[Graph]:
    """One prompt for each attempt."""
    return [{**body(seed + n, **settings), **end("decode", ["score", 0])} for n in range(attempts)]


def gate_prompt(attempts: int, seed: int, threshold: float = NEVER, mark: str = "", **settings: Any) -> list[Graph]:
    inputs = {
        "value": ["decode", 0],
        "score": ["score", 0],
        "comparison": "greater_or_equal",
        "threshold": threshold,
        "max_attempts": attempts,
    }
    gate: Graph = {"gate": {"class_type": "SwitchyardQualityGate", "inputs": inputs}}
    return [{**body(seed, **settings), **gate, **end("gate", ["gate", 1], mark)}]


def while_prompt(attempts: int, seed: int, short_ids: bool = False, **settings: Any) -> list[Graph]:
    """The loop that other packs have; with short_ids its copies are named after the original nodes."""
    inputs = {
        "flow": ["start", 0],
        "value": ["decode", 0],
        "score": ["score", 0],
        "threshold": NEVER,
        "rounds": attempts,
        "short_ids": short_ids,
    }
    loop: Graph = {
        "start": {"class_type": "BenchWhileStart", "inputs": {"start": seed, "number": 0}},
        "loop": {"class_type": "BenchWhileEnd", "inputs": inputs},
    }
    return [{**body(["start", 1], **settings), **loop, **end("loop", ["loop", 1])}]


def short_while_prompt(attempts: int, seed: int, **settings: Any) -> list[Graph]:
    return while_prompt(attempts, seed, short_ids=True, **settings)


@contextlib.contextmanager
def running_server(layout: Layout, *arguments: str) -> Iterator[Server]:
    """A server with the pack and the benchmark's own nodes, warmed up with one attempt of each kind."""
    with tempfile.TemporaryDirectory() as folder:
        python = python_of(layout.environment)
        server = Server(python, layout.comfyui, Path(folder), arguments=("--cpu", *arguments))
        # Freed pictures go back to the system at once, so that resident memory is what is alive.
        server.environment["MALLOC_MMAP_THRESHOLD_"] = "1000000"
        install_pack(server.base / "custom_nodes")
        shutil.copytree(REPOSITORY / "benchmarks" / "gate_probe_pack", server.base / "custom_nodes" / "gate_probe_pack")
        with server:
            for make in (plain_prompts, gate_prompt, while_prompt):
                measure(server, make(2, 999_000_000))
            yield server


def measure(server: Server, graphs: list[Graph], timeout_s: float = 120) -> Measured:
    """Queues prompts at once and waits until the last one has ended, or stops the server when the time is up."""
    measured = Measured()
    try:
        asyncio.run(asyncio.wait_for(_measure(server, graphs, measured), timeout_s))
    except asyncio.TimeoutError:  # not the built-in one before Python 3.11
        server.stop()
        made = measured.stages.count("sampler")
        measured.trouble = f"stopped after {timeout_s:.0f} s, the page knew of {made} attempts"
    return measured


async def _measure(server: Server, graphs: list[Graph], measured: Measured) -> None:
    import aiohttp

    client = uuid.uuid4().hex
    prompts: list[str] = []
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{server.url}/ws?clientId={client}", max_msg_size=0) as socket,
    ):
        for graph in graphs:
            async with session.post(f"{server.url}/prompt", json={"prompt": graph, "client_id": client}) as reply:
                answer = await reply.json(content_type=None)
            if reply.status != 200:
                measured.trouble = json.dumps(answer)
                return
            prompts.append(answer["prompt_id"])
        async for message in socket:
            measured.received += len(message.data)
            # The progress of every node, which comes each time one starts or ends, is counted but not read.
            if message.type != aiohttp.WSMsgType.TEXT or message.data[:40].startswith('{"type": "progress_state"'):
                continue
            if _take(json.loads(message.data), prompts[-1], measured):
                break
        histories = []
        for prompt in prompts:
            async with session.get(f"{server.url}/history/{prompt}") as reply:
                histories.append((await reply.json())[prompt])
    _time(histories, measured)
    measured.score = histories[-1]["outputs"].get("end", {}).get("score", [None])[0]


def _take(event: dict[str, Any], last: str, measured: Measured) -> bool:
    """Takes an event in; true once the last prompt has ended."""
    data = event.get("data", {})
    if event["type"] == "execution_error":
        measured.trouble = f"{data['exception_type']}: {data['exception_message'].strip()[:80]}"
    if event["type"] != "executing":
        return False
    if data["node"] is None:
        return data["prompt_id"] == last
    measured.stages.append(data.get("display_node", data["node"]))
    measured.longest = max(measured.longest, len(data["node"]))
    return False


def _time(histories: list[dict[str, Any]], measured: Measured) -> None:
    spans = []
    for history in histories:
        stamps = [data["timestamp"] / 1000 for _, data in history["status"]["messages"]]
        spans.append((min(stamps), max(stamps)))
    measured.seconds = spans[-1][1] - spans[0][0]
    measured.busy = sum(last - first for first, last in spans)


def memory(server: Server, reset: bool = False) -> dict[str, int]:
    """Bytes of pictures alive (now, peak) and resident memory (resident, resident_peak)."""
    return server.get("/bench/memory" + ("?reset=1" if reset else ""))


def forget_everything(server: Server) -> None:
    """Empties ComfyUI's cache, the nodes that it keeps included.

    ComfyUI keeps the graph of the last prompt, with all that its expansions hold, until the next prompt begins.
    """
    server.post("/free", {"unload_models": True, "free_memory": True})
    time.sleep(0.5)
    measure(server, plain_prompts(1, 999_000_002))
    memory(server, reset=True)
