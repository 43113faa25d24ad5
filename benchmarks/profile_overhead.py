"""What a profile costs: the same graphs with and without one, in turns, on one server.

    PYTHONPATH=tools .sandbox/venv/bin/python benchmarks/profile_overhead.py [pairs] [picture]

First the processor time of the recorder itself, in this process, with a stand-in for the graph: what a node, a step and
a look at the memory cost. Best of several, as other work on the machine only adds.

Then whole runs on a server: a chain of 200 nodes that do nothing, where all that happens is what ComfyUI and the
profile do around a node; ten nodes of 0.1 s with ten steps each; and, if asked for with `picture`, a picture of 20
steps by a small checkpoint that draws noise. The table has the median seconds, from start to end by the server's own
clock, with the median of the ratios of neighbours, as what drifts hits both alike; and the server's processor time. It
needs a quiet machine.
"""

from __future__ import annotations

import importlib.util
import random
import shutil
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import psutil

from engine.layout import NOISE_CHECKPOINT, find_layout, python_of
from engine.pack import install_pack
from engine.server import Server

ROOT = Path(__file__).resolve().parent.parent
PROBES = ROOT / "tests" / "comfyui" / "probe_pack"
Graph = dict[str, Any]


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def picture(seed: int) -> Graph:
    sampler = {"steps": 20, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0}
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name=NOISE_CHECKPOINT),
        "2": node("CLIPTextEncode", text=f"a barn {seed}", clip=["1", 1]),
        "3": node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "4": node(
            "KSampler",
            model=["1", 0],
            positive=["2", 0],
            negative=["2", 0],
            latent_image=["3", 0],
            seed=seed,
            **sampler,
        ),
        "5": node("VAEDecode", samples=["4", 0], vae=["1", 2]),
        "6": node("PreviewImage", images=["5", 0]),
    }


def chain(seed: int) -> Graph:
    graph = {"0": node("ProbePass", label=str(seed))}
    for place in range(1, 200):
        graph[str(place)] = node("ProbePass", label="", value=[str(place - 1), 0])
    graph["end"] = node("ProbeCatch", value=["199", 0])
    return graph


def naps(seed: int) -> Graph:
    graph = {"0": node("ProbeNap", label=str(seed), seconds=0.1, steps=10)}
    for place in range(1, 10):
        graph[str(place)] = node("ProbeNap", label="", seconds=0.1, steps=10, value=[str(place - 1), 0])
    graph["end"] = node("ProbeCatch", value=["9", 0])
    return graph


def run(server: Server, process: Any, graph: Graph, asks: bool) -> tuple[float, float]:
    """How long a run takes by the server's clock, which has milliseconds, and its processor time, both in seconds."""
    prompt_id = str(uuid.uuid4())
    extra = {"switchyard_profile": True} if asks else {}
    before = sum(process.cpu_times()[:2])
    status, answer = server.post("/prompt", {"prompt": graph, "prompt_id": prompt_id, "extra_data": extra})
    assert status == 200, answer
    while not (entry := server.get(f"/history/{prompt_id}")):
        time.sleep(0.2)
    times = {kind: data["timestamp"] for kind, data in entry[prompt_id]["status"]["messages"]}
    took = (times["execution_success"] - times["execution_start"]) / 1000
    return took, sum(process.cpu_times()[:2]) - before


def measure(server: Server, process: Any, name: str, make: Any, pairs: int) -> None:
    seed, chance = 1, random.Random(8)
    for _ in range(3):  # models are loaded, files are read
        run(server, process, make(seed), False)
        seed += 1
    found: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for _ in range(pairs):
        for asks in chance.sample((False, True), 2):
            found[asks].append(run(server, process, make(seed), asks))
            seed += 1
    ratios = [with_it[0] / without[0] for without, with_it in zip(found[False], found[True], strict=True)]
    plain, profiled = (statistics.median(took for took, _ in found[asks]) for asks in (False, True))
    work = {asks: sum(cpu for _, cpu in found[asks]) / pairs for asks in found}
    print(
        f"| {name} | {plain:.3f} | {profiled:.3f} | {statistics.median(ratios):.3f} | {work[False]:.3f} | "
        f"{work[True]:.3f} |",
        flush=True,
    )


def recorder_costs() -> None:
    """Prints what the recorder's own work costs."""
    spec = importlib.util.spec_from_file_location("pack", ROOT / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["pack"] = module
    spec.loader.exec_module(module)
    recorder = importlib.import_module("pack.nodes.host.profile_recorder")
    sys.modules["nodes"] = cast(ModuleType, SimpleNamespace(NODE_CLASS_MAPPINGS={}))
    graph = SimpleNamespace(
        get_original_prompt=dict,
        get_node=lambda _: {"class_type": "Any"},
        get_display_node_id=str,
        get_real_node_id=str,
        get_parent_node_id=lambda _: None,
    )
    best = {"a node": 1.0, "a step": 1.0, "a look at the memory": 1.0}
    for _ in range(9):
        recording = recorder.Recording(SimpleNamespace(prompt_id="a", dynprompt=graph), False)
        recording.begin("stepping")
        acts: dict[str, Callable[[int], Any]] = {
            "a node": lambda number, to=recording: (to.begin(str(number)), to.finish(str(number))),
            "a step": lambda number, to=recording: to.step("stepping", number, 1000),
            "a look at the memory": lambda _, to=recording: to._meters.sample(),
        }
        for name, act in acts.items():
            start = time.thread_time()
            for number in range(1000):
                act(number)
            best[name] = min(best[name], (time.thread_time() - start) / 1000)
    print("| what | microseconds of processor time |\n|---|---|")
    for name, took in best.items():
        print(f"| {name} | {took * 1e6:.1f} |")
    print(flush=True)


def main() -> None:
    recorder_costs()
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    layout = find_layout(None, None)
    base = Path(tempfile.mkdtemp(prefix="profile_overhead"))
    server = Server(python_of(layout.environment), layout.comfyui, base, models=layout.models, arguments=("--cpu",))
    install_pack(base / "custom_nodes")
    shutil.copytree(PROBES, base / "custom_nodes" / "probe_pack")
    try:
        with server:
            assert server._process is not None
            process = psutil.Process(server._process.pid)
            print("| graph | seconds without | with a profile | ratio, median of pairs | CPU s without | with |")
            print("|---|---|---|---|---|---|")
            measure(server, process, "200 nodes that do nothing", chain, pairs)
            measure(server, process, "10 nodes of 0.1 s, 10 steps each", naps, pairs)
            if "picture" in sys.argv[2:]:
                measure(server, process, "a small picture, 6 nodes, 20 steps", picture, pairs)
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
