"""What is written into the files of gated pictures: the graph and the workflow that make each one again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .provenance import (
    Changes,
    GetType,
    Graph,
    IsLazy,
    Report,
    TakesLists,
    changes_for_picture,
    gates_upstream,
    read_reports,
    rewrite_graph,
)
from .values import kind_of
from .workflow_widgets import GetInputs, rewrite_workflow

AS_QUEUED = "workflow_as_queued"
# What graphs and workflows of a shape that nobody has foreseen raise: the picture is saved all the same.
_UNFORESEEN = (LookupError, TypeError, ValueError, AttributeError, RecursionError)


@dataclass
class Source:
    """What a picture comes from.

    Args:
        save: the id of the node that saves.
        graph: the graph as it was queued, or None if it is not known.
        extra: further metadata by name; the page's own workflow is called "workflow".
        reports: the reports of gates, as text.
        is_report_wired: whether somebody has plugged in a report by hand, for gates that might not run.
    """

    save: str
    graph: Graph | None
    extra: Mapping[str, Any]
    reports: Sequence[Any]
    is_report_wired: bool

    def read_reports(self, is_lazy: IsLazy) -> dict[str, Report]:
        """The reports of the gates upstream, by gate.

        Raises:
            ValueError: one is missing, or is no report.
        """
        graph = self.graph or {}
        images = graph.get(self.save, {}).get("inputs", {}).get("images")
        certain, behind = gates_upstream(graph, images, is_lazy)
        reports = read_reports(self.reports)
        silent = [gate for gate in certain if gate not in reports]
        if silent:
            raise ValueError(f"there is no report of gate {', '.join(silent)}")
        hidden = [gate for gate in behind if gate not in reports]
        if hidden and not self.is_report_wired:
            raise ValueError(
                f"gate {', '.join(sorted(hidden))} is behind a switch, so that its report does not get here by "
                "itself; plug its report output into report"
            )
        return reports


def metadata_for_pictures(
    source: Source,
    count: int,
    is_lazy: IsLazy,
    get_inputs: GetInputs,
    get_type: GetType,
    takes_lists: TakesLists,
) -> tuple[list[dict[str, Any]], list[str]]:
    """What is written into the file of each picture, by name, and warnings for the user.

    A picture that can't be made again by other seeds alone keeps the graph as it was queued: that makes it again too,
    by the same search.

    Args:
        source: what the pictures come from.
        count: how many pictures are saved.
        is_lazy: whether an input of a class may stay unasked.
        get_inputs: gives a class's inputs as INPUT_TYPES describes them.
        get_type: gives the type of a class's output.
        takes_lists: whether a class gets all values of a list at once.
    """
    warnings: dict[str, None] = {}
    extra = source.extra if isinstance(source.extra, Mapping) else {}
    if extra is not source.extra:
        warnings[f"saved without what the page sent along (extra_pnginfo), which is a {kind_of(source.extra)}"] = None
    metadata = []
    for changes in _changes(source, count, is_lazy, get_type, takes_lists, warnings):
        chunks = dict(extra)
        if source.graph is not None:
            chunks = {"prompt": rewrite_graph(source.graph, changes), **chunks}
        if changes.literals() and isinstance(chunks.get("workflow"), Mapping):
            try:
                workflow = rewrite_workflow(chunks["workflow"], source.graph or {}, changes.literals(), get_inputs)
                chunks["workflow"] = workflow
            except _UNFORESEEN as problem:
                chunks[AS_QUEUED] = chunks.pop("workflow")
                warnings[f"saved without the page's layout, only as a graph: {_text(problem)}"] = None
        metadata.append(chunks)
    return metadata, list(warnings)


def _changes(
    source: Source,
    count: int,
    is_lazy: IsLazy,
    get_type: GetType,
    takes_lists: TakesLists,
    warnings: dict[str, None],
) -> Iterator[Changes]:
    """What makes each of the pictures again: nothing, with a warning, where that can't be told."""
    graph, reports = source.graph, None
    for index in range(count):
        changes = Changes()
        try:
            if graph is not None and index == 0:
                reports = source.read_reports(is_lazy)  # once: with many pictures they are long
            if graph is not None and reports is not None:
                changes = changes_for_picture(graph, source.save, reports, index, count, get_type, takes_lists)
        except _UNFORESEEN as problem:
            warnings[f"saved as it was queued, it will search again when loaded: {_text(problem)}"] = None
        yield changes


def _text(problem: BaseException) -> str:
    return str(problem) if type(problem) is ValueError else repr(problem)
