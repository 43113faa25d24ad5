"""Nodes for benchmarks/quality_gate.py: a body whose work is known, and the while loop that other packs have.

The mapping is made with dict(...) on purpose: ComfyUI-Manager's scanner reads every file of a repository, and a literal
mapping here would be taken for nodes of the pack.
"""

import gc
import time
import weakref


class AnyType(str):
    def __ne__(self, other):
        return False


ANY = AnyType("*")
SEED = ("INT", {"default": 0, "min": 0, "max": 2**64 - 1})
BYTES = {"now": 0, "peak": 0}


def watch(picture):
    """Counts the picture's bytes for as long as it is alive."""
    size = picture.numel() * picture.element_size()

    def forget():
        BYTES["now"] -= size

    weakref.finalize(picture, forget)
    BYTES["now"] += size
    BYTES["peak"] = max(BYTES.values())
    return picture


class BenchNode:
    RETURN_TYPES = (ANY,)
    FUNCTION = "execute"
    CATEGORY = "benchmark"


class BenchValue(BenchNode):
    """Stands for a loader and for a text encoder."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"name": ("STRING", {})}}

    def execute(self, name):
        return (name,)


class BenchSampler(BenchNode):
    """Stands for a sampler: takes its time, and gives a number from 0 to 1 that rises with the seed."""

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"seed": SEED, "seconds": ("FLOAT", {}), "model": (ANY, {}), "text": (ANY, {})}}

    def execute(self, seed, seconds, **_):
        time.sleep(seconds)
        return (seed % 1000 / 1000,)


class BenchDecode(BenchNode):
    """Stands for the decoder: a picture of that brightness."""

    RETURN_TYPES = ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"latent": (ANY, {}), "pixels": ("INT", {})}}

    def execute(self, latent, pixels):
        import torch

        return (watch(torch.full((1, pixels, pixels, 3), latent)),)


class BenchScore(BenchNode):
    RETURN_TYPES = ("FLOAT",)

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",)}}

    def execute(self, image):
        return (float(image[0, 0, 0, 0]),)


class BenchEnd(BenchNode):
    """Ends a graph and tells the score it was given."""

    RETURN_TYPES = ()
    OUTPUT_NODE = True

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",), "score": ("FLOAT", {"forceInput": True}), "mark": ("STRING", {})}}

    def execute(self, score, **_):
        return {"ui": {"score": [score]}}


class BenchWhileStart(BenchNode):
    """Begins a loop: gives the seed of this round."""

    RETURN_TYPES = ("FLOW", "INT")

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"start": SEED, "number": ("INT", {})}}

    def execute(self, start, number):
        return ("", start + number)


class BenchWhileEnd(BenchNode):
    """Ends a loop: expands into copies of all nodes since the start, and of itself, until the score is high enough.

    This is how loops are built on ComfyUI's expansion: what is carried from round to round is written into the copies.
    """

    RETURN_TYPES = (ANY, "FLOAT")

    @classmethod
    def INPUT_TYPES(cls):
        return {
            "required": {
                "flow": ("FLOW", {"rawLink": True}),
                "value": (ANY, {}),
                "score": ("FLOAT", {"forceInput": True}),
                "threshold": ("FLOAT", {}),
                "rounds": ("INT", {}),
                "short_ids": ("BOOLEAN", {}),
            },
            "optional": {"best": (ANY, {}), "best_score": ("FLOAT", {})},
            "hidden": {"dynprompt": "DYNPROMPT", "unique_id": "UNIQUE_ID"},
        }

    def execute(
        self, flow, value, score, threshold, rounds, short_ids, dynprompt, unique_id, best=None, best_score=-1.0
    ):
        from comfy_execution.graph_utils import GraphBuilder

        if score > best_score:
            best, best_score = value, score
        number = dynprompt.get_node(flow[0])["inputs"]["number"] + 1
        if score >= threshold or number >= rounds:
            return (best, best_score)
        graph, copies = GraphBuilder(), {}
        for node_id in loop_body(dynprompt, flow[0], unique_id):
            node = dynprompt.get_node(node_id)
            name = dynprompt.get_display_node_id(node_id) if short_ids else node_id
            copies[node_id] = graph.node(node["class_type"], "again" if node_id == unique_id else name)
            copies[node_id].set_override_display_id(dynprompt.get_display_node_id(node_id))
        for node_id, copy in copies.items():
            for name, given in dynprompt.get_node(node_id)["inputs"].items():
                is_inside = isinstance(given, list) and given[0] in copies
                copy.set_input(name, copies[given[0]].out(given[1]) if is_inside else given)
        copies[flow[0]].set_input("number", number)
        copies[unique_id].set_input("best", best)
        copies[unique_id].set_input("best_score", best_score)
        return {"result": (copies[unique_id].out(0), copies[unique_id].out(1)), "expand": graph.finalize()}


def loop_body(dynprompt, start, end):
    """The nodes of a loop, start and end included: upstream of the end and downstream of the start."""
    order, stack, seen = [], [end], {end}
    while stack:
        node_id = stack.pop()
        order.append(node_id)
        links = [given[0] for given in dynprompt.get_node(node_id)["inputs"].values() if isinstance(given, list)]
        stack += [source for source in dict.fromkeys(links) if source not in seen]
        seen.update(links)
    inside = {start}
    for _ in order:
        for node_id in order:
            links = [given[0] for given in dynprompt.get_node(node_id)["inputs"].values() if isinstance(given, list)]
            if inside.intersection(links):
                inside.add(node_id)
    return inside


def add_route():
    """Tells the server's memory: bytes of pictures alive and their peak, resident memory and its peak (Linux)."""
    from aiohttp import web
    from server import PromptServer

    @PromptServer.instance.routes.get("/bench/memory")
    async def memory(request):
        if "reset" in request.query:
            gc.collect()
        with open("/proc/self/status", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        answer = {**BYTES, "resident": _bytes(lines["VmRSS"]), "resident_peak": _bytes(lines["VmHWM"])}
        if "reset" in request.query:
            BYTES["peak"] = BYTES["now"]
            with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
                file.write("5")  # the kernel's peak begins anew
        return web.json_response(answer)


def _bytes(text):
    return int(text.split()[0]) * 1024


add_route()
NODE_CLASS_MAPPINGS = dict(  # noqa: C408
    BenchValue=BenchValue,
    BenchSampler=BenchSampler,
    BenchDecode=BenchDecode,
    BenchScore=BenchScore,
    BenchEnd=BenchEnd,
    BenchWhileStart=BenchWhileStart,
    BenchWhileEnd=BenchWhileEnd,
)
