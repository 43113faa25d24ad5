"""The nodes that a Quality Gate expands into. They are in no menu, and no workflow holds them."""

from __future__ import annotations

import json
import time
from typing import Any

from ..core.batches import count_items, pick_items
from ..core.gate_report import progress_line
from ..core.provenance import LINK, REPORT_OUTPUT
from ..core.quality_gate import Attempt, read_scores
from .host.attempts import RESULT, attempt_key, copied_gates, copy_seeded_nodes, expand_attempts
from .host.gate_run import GateRun, conclude, runs
from .host.graph import ANY, is_evaluated
from .host.progress import forget_progress, show_text

_JUDGED = ("value", "score", "score_2", "score_3", "score_4")


class _AnyNames(dict[str, Any]):
    """Inputs of every name, all of them lazy: the attempts are numbered, and there may be a thousand."""

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> Any:
        return (ANY, {"lazy": True})


class QualityGateAttempt:
    """One further attempt: copies of the nodes that depend on a seed, made only when this is asked for."""

    DISPLAY_NAME = "Quality Gate: Attempt"
    CATEGORY = "Switchyard/Quality"
    DEV_ONLY = DEPRECATED = True  # in no menu, on newer and on older cores
    RETURN_TYPES = (ANY, ANY)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        link = (ANY, {"rawLink": True, "lazy": True})  # lazy: the engine would run what it is linked to once more
        return {
            "required": {
                "gate": ("STRING", {}),
                "number": ("INT", {}),
                "total": ("INT", {}),
                "seeds": ("STRING", {}),
                "items": ("STRING", {}),
            },
            "optional": dict.fromkeys(_JUDGED, link),
            "hidden": {"dynprompt": "DYNPROMPT", "unique_id": "UNIQUE_ID"},
        }

    def execute(
        self, gate: str, number: int, total: int, seeds: str, items: str, dynprompt: Any, unique_id: str, **links: Any
    ) -> Any:
        chosen, wanted = json.loads(seeds), json.loads(items)
        key = attempt_key(chosen, wanted)
        run = runs.get(gate)
        memory = run.memory() if run else None
        known = memory.recall(key) if memory else None
        if known:
            return known
        graph, moved = copy_seeded_nodes(dynprompt, unique_id, links, chosen, wanted, total)
        result = f"{unique_id}..result"  # two dots: no copy is called so
        inner = {
            LINK + dynprompt.get_display_node_id(inner_gate): [f"{unique_id}.{inner_gate}", REPORT_OUTPUT]
            for inner_gate in copied_gates(dynprompt, links, chosen)
        }
        graph[result] = {"class_type": RESULT, "inputs": {"gate": gate, "key": key, **moved, **inner}}
        return {"result": ([result, 0], [result, 1]), "expand": graph}


class QualityGateItems:
    """Picks the items of a batch or a list that are made again; hands anything else on as it is."""

    DISPLAY_NAME = "Quality Gate: Items"
    CATEGORY = "Switchyard/Quality"
    DEV_ONLY = DEPRECATED = True  # in no menu, on newer and on older cores
    INPUT_IS_LIST = True
    RETURN_TYPES = (ANY,)
    OUTPUT_IS_LIST = (True,)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {"value": (ANY, {}), "items": ("STRING", {}), "total": ("INT", {})}}

    def execute(self, value: Any, items: Any, total: Any) -> tuple[Any]:
        fits = count_items(value) == total[0] > 1
        return (pick_items(value, json.loads(items[0])) if fits else value,)


class QualityGateResult:
    """Gathers what an attempt gave into one object for each output, whatever lists it came in."""

    DISPLAY_NAME = "Quality Gate: Result"
    CATEGORY = "Switchyard/Quality"
    DEV_ONLY = DEPRECATED = True  # in no menu, on newer and on older cores
    INPUT_IS_LIST = True
    RETURN_TYPES = (ANY, ANY)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {"gate": ("STRING", {}), "key": ("STRING", {}), "value": (ANY, {}), "score": (ANY, {})},
            "optional": {name: (ANY, {}) for name in _JUDGED[2:]},
        }

    def execute(self, gate: Any, key: Any, value: Any, score: Any, **others: Any) -> tuple[Any, Any]:
        scores = [score, *(others[name] for name in _JUDGED[2:] if name in others)]
        inner = {name.removeprefix(LINK): json.loads(text[0]) for name, text in others.items() if name.startswith(LINK)}
        details = {"scores": read_scores(scores), "inner": inner}
        run = runs.get(gate[0])
        memory = run.memory() if run else None
        if memory:
            memory.remember(key[0], value, details)
        return value, details


class QualityGateChoice:
    """Asks for one attempt after the other, until the gate has what it wants or there are no more."""

    DISPLAY_NAME = "Quality Gate: Choice"
    CATEGORY = "Switchyard/Quality"
    DEV_ONLY = DEPRECATED = True  # in no menu, on newer and on older cores
    INPUT_IS_LIST = True
    RETURN_TYPES = (ANY, "FLOAT", "BOOLEAN", "INT", "INT", "STRING")
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "run": (ANY, {}),
                "first": ("INT", {}),
                "last": ("INT", {}),
                "items": ("STRING", {}),
                "group": ("INT", {}),
            },
            "optional": _AnyNames(),
            "hidden": {"dynprompt": "DYNPROMPT", "unique_id": "UNIQUE_ID"},
        }

    def check_lazy_status(
        self,
        run: Any,
        first: Any,
        last: Any,
        items: Any,
        dynprompt: Any,
        unique_id: Any,
        **inputs: Any,
    ) -> list[str]:
        run = run[0]
        number = len(run.attempts)
        is_made = number <= last[0] and is_evaluated(inputs[f"scores_{number}"])
        if is_made and self._is_as_wanted(run, inputs[f"scores_{number}"][0], json.loads(items[0])):
            self._record(run, number, json.loads(items[0]), dynprompt[0].get_node(unique_id[0])["inputs"], inputs)
            number += 1
        outcome = run.outcome() if run.attempts else None
        if outcome:
            wanted = [f"value_{pick.attempt}" for pick in outcome[0]]
            return [name for name in dict.fromkeys(wanted) if not is_evaluated(inputs[name])]
        if number > last[0] or (run.attempts and run.items_to_retry() != json.loads(items[0])):
            return []
        self._announce(run, number)
        return [f"value_{number}", f"scores_{number}"]

    def _is_as_wanted(self, run: GateRun, details: Any, items: Any) -> bool:
        """Whether an attempt made just the items that were to be made again.

        If not, something among the copies makes a list or a batch of its own, and its parts met others than before:
        the attempt does not count, and from now on whole ones are made.
        """
        if items is None or len(details["scores"]) == len(items) or run.replay:
            return True
        run.can_cut = False
        return False

    def _record(self, run: GateRun, number: int, items: Any, links: Any, inputs: Any) -> None:
        details = inputs[f"scores_{number}"][0]
        values = inputs[f"value_{number}"][0]
        node = links[f"value_{number}"][0]
        seconds = time.monotonic() - run.asked
        attempt = Attempt(number, details["scores"], items, seconds, {"node": node, "inner": details["inner"]})
        run.add_attempt(attempt, values)
        forget_progress(node)

    def _announce(self, run: GateRun, number: int) -> None:
        line = progress_line(number, run.attempts, run.settings, len(run.plan))
        run.asked = time.monotonic()
        run.payload["summary"] = line
        show_text(run.shown_as, line)

    def execute(
        self,
        run: Any,
        first: Any,
        last: Any,
        items: Any,
        group: Any,
        dynprompt: Any,
        unique_id: Any,
        **inputs: Any,
    ) -> dict[str, Any]:
        run = run[0]
        if run.outcome():
            values = {
                attempt.number: inputs[f"value_{attempt.number}"]
                if attempt.number == 0 and not (run.replay and run.replay.items)
                else inputs[f"value_{attempt.number}"][0]
                for attempt in run.attempts
                if is_evaluated(inputs[f"value_{attempt.number}"])
            }
            return {"ui": {"switchyard": [run.payload]}, "result": conclude(run, dynprompt[0], values)}
        forget_progress(unique_id[0])  # it only waits from here on
        return expand_attempts(run, unique_id[0], len(run.attempts), run.items_to_retry(), 2 * group[0])
