"""Quality Gate: regenerates with other seeds until the score is good enough."""

from __future__ import annotations

import time
from itertools import chain
from typing import Any
from weakref import ref

from ..core.attempt_memory import AttemptMemory
from ..core.gate_report import read_replay
from ..core.quality_gate import (
    COMBINE,
    COMPARISONS,
    IF_NONE_PASS,
    KEEP,
    MAX_SCORES,
    Attempt,
    GateSettings,
    Rule,
    gate_comparison,
    read_rules,
    read_scores,
    read_threshold,
    read_weights,
)
from ..core.seed_graph import VARY
from ..core.seeds import SEED_MODES, read_seeds
from .host.attempts import FIRST_GROUP, cache_notes, expand_attempts, run_signature
from .host.gate_run import GateRun, conclude, runs
from .host.graph import ANY, branch_input, is_evaluated
from .host.page import verdict

SCORES = ("score", *(f"score_{number}" for number in range(2, MAX_SCORES + 1)))
SCORE_TYPES = "FLOAT,INT,BOOLEAN"


class QualityGate:
    """Runs what depends on a seed again, with another seed, until the score passes; everything else runs once."""

    DISPLAY_NAME = "Quality Gate"
    CATEGORY = "Switchyard/Quality"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("retry", "regenerate", "until good", "loop until", "reroll", "best of n", "seed search", "while")
    INPUT_IS_LIST = True
    RETURN_TYPES = (ANY, "FLOAT", "BOOLEAN", "INT", "INT", "STRING")
    RETURN_NAMES = ("value", "score", "passed", "attempts", "seed", "report")
    OUTPUT_TOOLTIPS = (
        "The value of the attempt that passed, or what if_none_pass says.",
        "Its score; the worst one if several items are kept.",
        "True if the value passed, or all items that were wanted.",
        "How many attempts were made, the first one included.",
        "The seed that made the value; the first one if several seeds vary.",
        "Everything tried, as JSON: each attempt's seeds, scores and time, and what makes the kept pictures again.",
    )
    OUTPUT_IS_LIST = (True, False, False, False, False, False)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "value": branch_input("What is judged and handed on, of any type: a picture, a latent, a list."),
                "score": (
                    SCORE_TYPES,
                    {
                        "lazy": True,
                        "forceInput": True,
                        "tooltip": "How good the value is: a number, or one for each picture; None and NaN never pass.",
                    },
                ),
                "comparison": (
                    list(COMPARISONS),
                    {
                        "default": COMPARISONS[0],
                        "tooltip": "How the score must compare with the threshold; the less ones take low for good.",
                    },
                ),
                "threshold": (
                    "FLOAT",
                    {
                        "default": 0.8,
                        "min": -1e9,
                        "max": 1e9,
                        "step": 0.01,
                        "round": False,
                        "tooltip": "Passes the value if the score reaches this, in the score's own unit.",
                    },
                ),
                "max_attempts": (
                    "INT",
                    {
                        "default": 8,
                        "min": 1,
                        "max": 1000,
                        "tooltip": "Ends the search after this many attempts, the graph as it is counted as the first.",
                    },
                ),
            },
            "optional": {
                **{
                    name: (
                        SCORE_TYPES,
                        {
                            "lazy": True,
                            "forceInput": True,
                            "tooltip": "Another score of the value, combined with the first as combine says.",
                        },
                    )
                    for name in SCORES[1:]
                },
                "if_none_pass": (
                    list(IF_NONE_PASS),
                    {
                        "default": IF_NONE_PASS[0],
                        "tooltip": "What is handed on when nothing passed: the best so far, the last one, nothing at "
                        "all (what is downstream is skipped), or an error.",
                    },
                ),
                "keep": (
                    list(KEEP),
                    {
                        "default": KEEP[0],
                        "tooltip": "Takes the value as a whole; or makes each failing picture of a batch again; or "
                        "collects a count of passing pictures.",
                    },
                ),
                "count": (
                    "INT",
                    {
                        "default": 4,
                        "min": 1,
                        "max": 1000,
                        "tooltip": "Collects this many passing pictures; used when keep is count.",
                    },
                ),
                "seed_mode": (
                    list(SEED_MODES),
                    {
                        "default": SEED_MODES[0],
                        "tooltip": "Gives further seeds by counting up, by hashing the first one, or from seed_list.",
                    },
                ),
                "seed_list": (
                    "STRING",
                    {
                        "default": "",
                        "tooltip": "The seeds of the second, third and further attempts, separated by commas; used "
                        "when seed_mode is list.",
                    },
                ),
                "vary": (
                    list(VARY),
                    {
                        "default": VARY[0],
                        "advanced": True,
                        "tooltip": "Varies these seeds: auto, those of Attempt Seed nodes or else all; all; only those "
                        "of Attempt Seed nodes; or those of the named nodes.",
                    },
                ),
                "seed_nodes": (
                    "STRING",
                    {
                        "default": "",
                        "advanced": True,
                        "tooltip": "The nodes whose seeds vary when vary is named: ids, titles or class names, "
                        "separated by commas.",
                    },
                ),
                "combine": (
                    list(COMBINE),
                    {
                        "default": COMBINE[0],
                        "advanced": True,
                        "tooltip": "Passes when all scores do, when any does, or when their weighted mean does.",
                    },
                ),
                "rules": (
                    "STRING",
                    {
                        "default": "",
                        "advanced": True,
                        "tooltip": 'What score_2 and further ones need, such as ">= 6, < 0.2"; empty: the same as the '
                        "first score.",
                    },
                ),
                "weights": (
                    "STRING",
                    {
                        "default": "",
                        "advanced": True,
                        "tooltip": "The weights of the scores, such as 1, 0.5; used when combine is weighted; empty: "
                        "all the same.",
                    },
                ),
                "max_seconds": (
                    "FLOAT",
                    {
                        "default": 0.0,
                        "min": 0.0,
                        "max": 1e6,
                        "step": 1.0,
                        "advanced": True,
                        "tooltip": "Begins no further attempt after this time, in seconds; 0 sets no limit.",
                    },
                ),
                "replay": (
                    "STRING",
                    {
                        "default": "",
                        "advanced": True,
                        "tooltip": "Filled in by Save Image with Seeds in the picture's workflow: makes just that "
                        "picture again; clear it to search anew.",
                    },
                ),
            },
            "hidden": {"dynprompt": "DYNPROMPT", "unique_id": "UNIQUE_ID"},
        }

    @classmethod
    def VALIDATE_INPUTS(
        cls, comparison: Any = None, rules: Any = None, weights: Any = None, seed_list: Any = None, replay: Any = None
    ) -> bool | str:
        def text(given: Any, default: str = "") -> str:
            return given[0] if given and given[0] is not None else default

        try:
            first = Rule(gate_comparison(text(comparison, COMPARISONS[0])), 0.0)
            read_rules(text(rules), first, MAX_SCORES)
            read_weights(text(weights), MAX_SCORES)
            read_seeds(text(seed_list))
            read_replay(text(replay))
        except ValueError as error:
            return str(error)
        return True

    def __init__(self) -> None:
        self._memory = AttemptMemory()
        self._asked = time.monotonic()

    def check_lazy_status(self, replay: Any = ("",), **inputs: Any) -> list[str]:
        again = read_replay(replay[0])
        if again and again.items is not None:
            return []
        missing = [name for name in ("value", *SCORES) if name in inputs and not is_evaluated(inputs[name])]
        if missing:
            self._asked = time.monotonic()
        return missing

    def execute(self, value: Any, score: Any, dynprompt: Any, unique_id: Any, **inputs: Any) -> dict[str, Any]:
        options = {name: inputs[name][0] if name in inputs else default for name, default in self._defaults().items()}
        scores = [score, *(inputs[name] for name in SCORES[1:] if name in inputs)]
        ui = verdict("quality_gate", "searching")
        graph = dynprompt[0]
        run = self._begin(options, len(scores), graph, unique_id[0], ui["switchyard"][0])
        if run.replay and run.replay.items is not None:
            self._memory.begin(None, [])  # without the first attempt nothing tells whether what it knows still holds
            return {"ui": ui, **expand_attempts(run, run.gate, 0, run.replay.items, 1)}
        self._memory.begin(run_signature(graph, run.links), [*value, *chain.from_iterable(scores)])
        run.add_attempt(Attempt(0, read_scores(scores), seconds=time.monotonic() - self._asked), value)
        run.gives_list = len(value) > 1
        if run.outcome():
            return {"ui": ui, "result": conclude(run, graph, {0: value})}
        run.notes += cache_notes()
        return {"ui": ui, **expand_attempts(run, run.gate, 1, run.items_to_retry(), FIRST_GROUP)}

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        inputs = cls.INPUT_TYPES()
        widgets = {**inputs["required"], **inputs["optional"]}
        return {name: spec[1]["default"] for name, spec in widgets.items() if "default" in spec[1]}

    def _begin(
        self, options: dict[str, Any], score_count: int, dynprompt: Any, gate: str, payload: dict[str, Any]
    ) -> GateRun:
        first = Rule(gate_comparison(options["comparison"]), read_threshold(options["threshold"]))
        settings = GateSettings(
            rules=read_rules(options["rules"], first, score_count),
            combine=options["combine"],
            weights=read_weights(options["weights"], score_count),
            keep=options["keep"],
            count=options["count"],
            if_none_pass=options["if_none_pass"],
            max_attempts=options["max_attempts"],
        )
        inputs = dynprompt.get_node(gate)["inputs"]
        run = GateRun(
            gate=gate,
            shown_as=dynprompt.get_display_node_id(gate),
            settings=settings,
            links={name: inputs[name] for name in ("value", *SCORES) if name in inputs},
            memory=ref(self._memory),
            payload=payload,
            started=self._asked,
            max_seconds=options["max_seconds"],
            replay=read_replay(options["replay"]),
        )
        run.plan_seeds(dynprompt, options)
        runs[gate] = run
        return run
