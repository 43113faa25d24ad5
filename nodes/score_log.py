"""Score Log: keeps the scores of every run in a file, and says what they come to."""

from __future__ import annotations

import logging
from typing import Any

from ..core.list_inputs import first_of
from ..core.quality_gate import read_numbers
from ..core.report_reading import has_passed, number_of, read_report
from ..core.score_log import FORMATS, describe_scores, make_rows, match_scores, read_seeds, with_seeds
from ..core.score_statistics import describe_statistics, read_settings
from .host.page import verdict
from .host.run_context import origin_of
from .host.score_files import log_rows


class ScoreLog:
    """Keeps the scores of every run in a CSV or JSONL file; says how many pass and which threshold keeps the best."""

    DISPLAY_NAME = "Score Log"
    CATEGORY = "Switchyard/Quality"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = (
        "csv",
        "jsonl",
        "statistics",
        "pass rate",
        "history",
        "auto threshold",
        "percentile",
        "save scores",
    )
    INPUT_IS_LIST = True
    RETURN_TYPES = ("FLOAT", "BOOLEAN", "FLOAT", "STRING", "FLOAT", "FLOAT", "STRING")
    RETURN_NAMES = ("score", "passed", "scores", "report", "pass_rate", "suggested_threshold", "statistics")
    OUTPUT_TOOLTIPS = (
        "The score of the report, or the numbers plugged into score, unchanged.",
        "Whether it passed, as the report says; with numbers in score, whether each reaches the threshold.",
        "The score of each picture, as a list: what is plugged in here runs once for each picture.",
        "The report that was plugged in, unchanged; empty text if there was none.",
        "The share of the logged pictures that reach the threshold, 0 to 1, this run included.",
        "The threshold that keeps the best keep_percent of the logged pictures; the given one if none has a score.",
        "The file, pass rate, suggested threshold and commonest faults as text to read.",
    )
    OUTPUT_IS_LIST = (True, True, True, True, False, False, False)
    OUTPUT_NODE = True
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "filename_prefix": (
                    "STRING",
                    {
                        "default": "scores",
                        "tooltip": "Names the file in the output folder, without its ending; may hold folders and "
                        "%year%, %month% and %day%.",
                    },
                ),
                "format": (
                    list(FORMATS),
                    {
                        "default": FORMATS[0],
                        "tooltip": "Writes csv, a table that spreadsheets open, or jsonl, one JSON object a line.",
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
                        "tooltip": "Counts the logged pictures that reach this, whatever passed when they were logged.",
                    },
                ),
                "keep_percent": (
                    "FLOAT",
                    {
                        "default": 30.0,
                        "min": 0.0,
                        "max": 100.0,
                        "step": 1.0,
                        "round": False,
                        "tooltip": "Suggests the threshold that keeps at most this many percent of the pictures.",
                    },
                ),
                "window": (
                    "INT",
                    {
                        "default": 1000,
                        "min": 0,
                        "max": 10000000,
                        "tooltip": "Counts only the last so many pictures of the same scorer and preset; 0 counts all.",
                    },
                ),
            },
            "optional": {
                "report": (
                    "STRING",
                    {
                        "forceInput": True,
                        "tooltip": "Logs what a scorer reports: each picture's score, parts and reason.",
                    },
                ),
                "score": (
                    "FLOAT,INT",
                    {
                        "forceInput": True,
                        "tooltip": "Logs plain numbers, one for each picture; beside a report, instead of its scores.",
                    },
                ),
                "seeds": (
                    "INT",
                    {
                        "forceInput": True,
                        "tooltip": "Writes this seed, or one for each picture, instead of the first one upstream.",
                    },
                ),
                "label": (
                    "STRING",
                    {"default": "", "tooltip": "Writes these words into every row, as a note of yours."},
                ),
            },
            "hidden": {"dynprompt": "DYNPROMPT", "unique_id": "UNIQUE_ID"},
        }

    def execute(
        self,
        filename_prefix: Any,
        format: Any,
        threshold: Any,
        keep_percent: Any,
        window: Any,
        report: Any = (),
        score: Any = (),
        seeds: Any = (),
        label: Any = ("",),
        dynprompt: Any = (None,),
        unique_id: Any = ("",),
    ) -> dict[str, Any]:
        numbers = {"threshold": threshold, "keep_percent": keep_percent, "window": window}
        limit, keep, size = read_settings(*(first_of(values, name) for name, values in numbers.items()))
        reports, own = [read_report(text) for text in report], read_numbers(list(score))
        scores = match_scores(reports, own)
        origin = origin_of(dynprompt[0], unique_id[0], ("report", "score"), first_of(label, "label"))
        rows = with_seeds(make_rows(reports, scores, bool(own), limit, origin), read_seeds(seeds))
        name, notes, logged = log_rows(
            first_of(filename_prefix, "filename_prefix"), first_of(format, "format"), rows, size
        )
        for note in notes:
            logging.warning("Switchyard: node %s: %s", unique_id[0], note)
        found = logged.statistics(limit, keep)
        suggested = found.cut.threshold if found.cut else limit
        head = f"{describe_scores(scores)} in {name}"
        facts = describe_statistics(found, limit, keep)
        lines = [head, *notes, *logged.describe(), *facts]
        data = {"file": name, "scores": scores, "notes": notes, "count": found.pictures, "pass_rate": found.pass_rate}
        ui = verdict("score_log", f"{head}. {facts[0]}", **data, suggested_threshold=suggested, lines=lines)
        total = own or [number_of(one.get("score")) for one in reports]
        passed = [row["passed"] for row in rows] if own else [bool(has_passed(one, one)) for one in reports]
        result = (total, passed, scores, list(report) or [""], found.pass_rate, suggested, "\n".join(lines))
        return {"ui": ui, "result": result}
