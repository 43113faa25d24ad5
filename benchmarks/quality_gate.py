"""What a Quality Gate costs, beside the same attempts queued as plain prompts and beside the loop of other packs.

Claims: under 5 % per attempt of 0.2 s; messages and node ids that grow linearly; 1,000 allowed attempts that cost less
than 2 s more than 4 when the 4th passes; 300 attempts without a recursion error; no memory of its own beyond 512 MB.
Run: .sandbox/venv/bin/python benchmarks/quality_gate.py [part ...] (all parts: 15 minutes; Linux; set the sandbox up
first with `python3 tools/sandbox.py setup`). --comfyui and --python as for tools/sandbox.py; --runs for fewer runs.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable

from gate_rig import (
    BODY,
    EIGHT_MB,
    NEVER,
    PICTURE,
    Measured,
    forget_everything,
    gate_prompt,
    measure,
    memory,
    plain_prompts,
    running_server,
    short_while_prompt,
    while_prompt,
)

from engine.layout import Layout, find_layout
from engine.server import Server

WAYS: dict[str, Callable[..., list]] = {
    "plain prompts": plain_prompts,
    "Quality Gate": gate_prompt,
    "while loop": while_prompt,
    "while loop, short ids": short_while_prompt,
}
PATIENCE_S = 150
MB = 1_000_000
_next_seed = iter(range(1_000, 10**9, 1_000))


def fresh_seed() -> int:
    """A seed that no run has used, so that nothing comes from a cache; the scores begin at 0 and rise."""
    return next(_next_seed)


def spread(values: list[float], unit: str, digits: int = 2) -> str:
    low, high = min(values), max(values)
    return f"median {statistics.median(values):.{digits}f}{unit} (min {low:.{digits}f}, max {high:.{digits}f})"


def cost(layout: Layout, runs: int, attempts: int = 10, seconds: float = 0.2) -> None:
    """(a) The cost of an attempt."""
    ways = {name: WAYS[name] for name in list(WAYS)[:3]}
    times: dict[str, list[Measured]] = {name: [] for name in ways}
    with running_server(layout) as server:
        for run in range(runs):
            order = list(ways) if run % 2 else list(reversed(ways))
            for name in order:
                times[name].append(measure(server, ways[name](attempts, fresh_seed(), seconds=seconds)))
    print(f"{attempts} attempts of {seconds} s, {runs} alternating runs; seconds an attempt, and over plain prompts:")
    plain = times["plain prompts"]
    for name, found in times.items():
        each = spread([one.seconds / attempts for one in found], " s", 4)
        print(f"  {name:22} {each}")
        for title, base in (("as queued", [p.seconds for p in plain]), ("executing only", [p.busy for p in plain])):
            if name != "plain prompts":
                over = [100 * (one.busy / of - 1) for one, of in zip(found, base, strict=True)]
                print(f"      over plain prompts, {title + ':':16} {spread(over, ' %')}")


def messages(layout: Layout, _: int) -> None:
    """(b) What the page is sent."""
    print("attempts, way: MB of messages, kB an attempt; longest node id in characters; seconds")
    for name, make in WAYS.items():
        with running_server(layout) as server:
            for attempts in (10, 20, 40, 80, 160):
                found = measure(server, make(attempts, fresh_seed()), PATIENCE_S)
                each = found.received / attempts / 1000
                print(
                    f"  {attempts:4} {name:22} {found.received / MB:10.2f} MB {each:10.1f} kB each   "
                    f"id {found.longest:6}   {found.seconds:7.2f} s  {found.trouble}",
                    flush=True,
                )
                if found.trouble:
                    break


def prepared(layout: Layout, runs: int) -> None:
    """(c) Many allowed attempts, and the 4th one passes."""
    times: dict[int, list[float]] = {4: [], 1000: []}
    with running_server(layout) as server:
        for _ in range(runs):
            for allowed, found in times.items():
                run = measure(server, gate_prompt(allowed, fresh_seed(), threshold=0.0025))
                assert run.stages.count("sampler") == 4, run
                found.append(run.seconds)
    for allowed, found in times.items():
        print(f"  the 4th of {allowed:4} attempts passes: {spread(found, ' s', 3)}")
    extra = [many - few for few, many in zip(times[4], times[1000], strict=True)]
    print(f"  difference: {spread(extra, ' s', 3)}")


def many(layout: Layout, _: int) -> None:
    """(d) Many attempts that are really made."""
    for name in list(WAYS):
        with running_server(layout) as server:
            found = measure(server, WAYS[name](300, fresh_seed()), PATIENCE_S)
            log = server.log_text()
        errors = log.count("RecursionError")
        print(
            f"  300 attempts, {name:22} {found.stages.count('sampler'):4} made, {found.seconds:7.2f} s, "
            f"{found.received / MB:9.1f} MB of messages, recursion errors: {errors}  {found.trouble}",
            flush=True,
        )


def memory_of_attempts(layout: Layout, _: int) -> None:
    """(e) Memory, with pictures of 8 MB."""
    counts = (5, 10, 20, 40)
    print("MB at the peak over the server before; pictures alive at the peak; what is neither (all by attempts)")
    for arguments in ((), ("--cache-lru", "1")):
        title = " ".join(arguments) or "default cache"
        with running_server(layout, *arguments) as server:
            for name in WAYS:
                cells, kept = [], 0
                for attempts in counts:
                    over, alive, kept = grown(server, WAYS[name](attempts, fresh_seed(), pixels=EIGHT_MB))
                    cells.append(f"{attempts}: {over / MB:4.0f} / {alive / PICTURE:3.0f} / {(over - alive) / MB:4.1f}")
                cells.append(f"afterwards {kept / PICTURE:.0f}")
                print(f"  {title:14} {name:22} " + "   ".join(cells), flush=True)
    own_memory(layout)


def grown(server: Server, graphs: list) -> tuple[int, int, int]:
    """Resident bytes at the peak over those before; bytes of pictures alive at the peak, and afterwards."""
    forget_everything(server)
    before = memory(server)
    found = measure(server, graphs, PATIENCE_S)
    assert not found.trouble, found.trouble
    after = memory(server)
    return after["resident_peak"] - before["resident"], after["peak"] - before["now"], after["now"]


def own_memory(layout: Layout) -> None:
    """The gate's own memory: the next prompt has the same gate, and a cache that drops what the gate expanded."""
    print("pictures alive after the next prompt (--cache-lru 1), and resident MB over the server before:")
    with running_server(layout, "--cache-lru", "1") as server:
        for attempts in (5, 10, 20, 40, 80, 150, 300):
            seed = fresh_seed()
            over, _, _ = grown(server, gate_prompt(attempts, seed, pixels=EIGHT_MB))
            base = memory(server)["resident_peak"] - over
            again = measure(server, gate_prompt(attempts, seed, mark="next", pixels=EIGHT_MB))
            found = memory(server)
            pictures, resident = found["now"], found["resident"] - base
            print(
                f"  {attempts:4} attempts: {pictures / PICTURE:4.0f} pictures, {pictures / MB:6.0f} MB; resident "
                f"{resident / MB:6.0f} MB; sampler ran {again.stages.count('sampler')} times",
                flush=True,
            )


def executions(layout: Layout, _: int) -> None:
    """(f) Which nodes run."""
    with running_server(layout) as server:
        graphs = gate_prompt(6, fresh_seed(), threshold=NEVER)
        for name in ("loader", "text"):
            graphs[0][name]["inputs"]["name"] = f"another {name}"  # not what the warm-up left in the cache
        found = measure(server, graphs)
    print("  6 attempts: " + ", ".join(f"{name} {found.stages.count(name)}" for name in BODY))


def version(layout: Layout) -> str:
    with running_server(layout) as server:
        return server.get("/system_stats")["system"]["comfyui_version"]


PARTS: dict[str, Callable[[Layout, int], None]] = {
    "cost": cost,
    "messages": messages,
    "prepared": prepared,
    "many": many,
    "memory": memory_of_attempts,
    "executions": executions,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="The cost of a Quality Gate, in a real server.")
    parser.add_argument(
        "parts", nargs="*", choices=[[], *PARTS], metavar="part", help=f"{', '.join(PARTS)} (default: all)"
    )
    parser.add_argument("--comfyui", help="a ComfyUI folder other than the sandbox's")
    parser.add_argument("--python", help="the interpreter of that ComfyUI")
    parser.add_argument("--runs", type=int, default=10, help="alternating runs of what is timed (default 10)")
    options = parser.parse_args()
    layout = find_layout(options.comfyui, options.python)
    print(f"ComfyUI: {version(layout)}")
    for name in options.parts or PARTS:
        print(f"\n{name}: {PARTS[name].__doc__}", flush=True)
        PARTS[name](layout, options.runs)


if __name__ == "__main__":
    main()
