"""A profile: what each node of a job took, as a table, as CSV and as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ..errors import TemplateError
from ..template.files import read_json
from .records import (
    SOURCES,
    STATES,
    Call,
    covered,
    expect,
    grid,
    items,
    optional,
    read_call,
    read_span,
    required,
    seconds,
    texts,
    total_of,
)

KIND = "switchyard profiles"
_HEADS = ("node", "total s", "self s", "of run", "calls", "s/step")


@dataclass(frozen=True)
class Row:
    """What one node of the graph took, over all its calls; what is not known is None.

    Attributes:
        node: its id; name: its title, or its class.
        calls: how often it ran, also as a copy in an expansion.
        total_s: its time with what it expanded into; self_s: without. Copies that are shown as other nodes count there.
        share: the part of the run that self_s is, 0..1; above 1 together where asynchronous nodes overlap.
        cached: how often the cache stood in for it.
        note: what is special about it, in words.
    """

    node: str
    name: str
    class_type: str
    calls: int | None = None
    total_s: float | None = None
    self_s: float | None = None
    share: float | None = None
    cached: int = 0
    status: str = ""
    steps: float | None = None
    seconds_per_step: float | None = None
    peak_bytes: Mapping[str, int] = field(default_factory=dict)
    loaded: tuple[str, ...] = ()
    unloaded: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        words = [self.status] if self.status not in ("", "done") else []
        words += [f"cached x {self.cached}" if self.cached > 1 else "cached"] if self.cached else []
        words += [f"loaded {name}" for name in self.loaded] + [f"unloaded {name}" for name in self.unloaded]
        return ", ".join(words)


@dataclass(frozen=True, eq=False)
class Profile(Mapping[str, "float | None"]):
    """What the nodes of one job took. As a mapping: node ids to milliseconds without children, slowest first.

    Attributes:
        source: who measured: "server" (this pack, inside ComfyUI), "websocket" (this computer, as messages came), or
            "history" (nobody: only the whole run's time and what was cached is known).
        state: "success", "error", "interrupted", "running", or "unknown".
        seconds: the whole run; None if it is not known.
        nodes: the graph's nodes: {id: {"class_type", "title"}}.
        cached: how often the cache stood in for a node, by id.
        accurate: whether the server waited for the device at each node's start and end.
        memory: by kind, [seconds, bytes] in order.
        remarks: what these numbers do not say, in words.
    """

    prompt_id: str
    source: str
    state: str = "unknown"
    seconds: float | None = None
    nodes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    cached: Mapping[str, int] = field(default_factory=dict)
    accurate: bool = False
    comfyui: str = ""
    device: str = ""
    memory: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def __getitem__(self, node: str) -> float | None:
        return self._milliseconds[node]

    def __iter__(self) -> Iterator[str]:
        return iter(self._milliseconds)

    def __len__(self) -> int:
        return len(self._milliseconds)

    @cached_property
    def _milliseconds(self) -> dict[str, float | None]:
        return {row.node: None if row.self_s is None else row.self_s * 1000 for row in self.rows}

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """A row for each node of the graph: the slowest first, those without a time last."""
        by_node: dict[str, list[Call]] = {}
        for call in self.calls:
            by_node.setdefault(call.node, []).append(call)
        found = [
            self._row(node, by_node.get(node, [])) for node in dict.fromkeys([*self.nodes, *by_node, *self.cached])
        ]
        return tuple(sorted(found, key=lambda row: (row.self_s is None, -(row.self_s or 0.0), row.cached == 0)))

    @property
    def top_level_s(self) -> float:
        """How long any node was under way."""
        return covered(span for call in self.calls if call.parent is None for span in call.spans)

    def name_of(self, node: str) -> str:
        """A node's title, or its class."""
        known = self.nodes.get(node, {})
        return known.get("title") or known.get("class_type") or next(
            (call.class_type for call in self.calls if call.node == node), ""
        )  # fmt: skip

    def table(self) -> str:
        """The profile for people to read, with its remarks."""
        kinds = [kind for kind in ("vram", "device", "ram") if any(kind in row.peak_bytes for row in self.rows)]
        if "vram" in kinds:
            kinds.remove("ram")
        heads = [*_HEADS, *(_MEMORY_HEADS[kind] for kind in kinds), ""]
        lines = [tuple(heads), *(self._line(row, kinds) for row in self.rows)]
        pads = [""] * (len(kinds) + 3)
        if self.seconds is not None and self.calls:
            rest = max(0.0, self.seconds - self.top_level_s)
            share = rest / self.seconds if self.seconds else None
            lines.append(("(between nodes)", "", f"{rest:.3f}", _percent(share), *pads))
        if self.seconds is not None:
            lines.append(("(whole run)", f"{self.seconds:.3f}", "", "", *pads))
        last = len(heads) - 1
        said = [f"{_SOURCES[self.source]}; the run ended with {self.state}." if self.state != "running" else "It runs."]
        return "\n".join([*grid(lines, lambda column: 0 < column < last), "", *said, *self.remarks])

    def csv(self) -> str:
        """A line for each node, with a head."""
        return csv_of([self])

    def trace(self) -> dict[str, Any]:
        """The profile in the Chrome Trace Event Format, which ui.perfetto.dev opens."""
        from .trace import trace_of

        return trace_of([self])

    def document(self) -> dict[str, Any]:
        """The profile as plain JSON; `Profile.read` reads it back."""
        found = {key: getattr(self, key) for key in self.__dataclass_fields__}
        return {
            "version": 1,
            **found,
            "nodes": {node: dict(known) for node, known in self.nodes.items()},
            "calls": [call.document() for call in self.calls],
            "cached": dict(self.cached),
            "memory": {kind: [list(point) for point in points] for kind, points in self.memory.items()},
            "remarks": list(self.remarks),
        }

    @classmethod
    def read(cls, document: Any, where: str = "") -> Profile:
        """A profile from its JSON, the server's too.

        Raises:
            TemplateError: it is none, or of a version that this does not read; says where.
        """
        found = expect(document, dict, where)
        version = required(found, "version", int, where)
        if version != 1:
            raise TemplateError(f"This is version {version} of a profile; version 1 is read here.", f"{where}/version")
        source, state = required(found, "source", str, where), required(found, "state", str, where)
        if source not in SOURCES or state not in STATES:
            raise TemplateError(
                f"source is one of {', '.join(SOURCES)}, state one of {', '.join(STATES)}; not {source}, {state}.",
                where,
            )
        nodes = optional(found, "nodes", dict, where) or {}
        cached = optional(found, "cached", dict, where) or {}
        memory = optional(found, "memory", dict, where) or {}
        return cls(
            prompt_id=required(found, "prompt_id", str, where),
            source=source,
            state=state,
            seconds=seconds(found, "seconds", where),
            nodes={node: _known(known, f"{where}/nodes/{node}") for node, known in nodes.items()},
            calls=tuple(
                read_call(call, f"{where}/calls/{place}", place)
                for place, call in enumerate(items(found, "calls", where))
            ),
            cached={node: expect(count, int, f"{where}/cached/{node}") for node, count in cached.items()},
            accurate=bool(optional(found, "accurate", bool, where)),
            comfyui=optional(found, "comfyui", str, where) or "",
            device=optional(found, "device", str, where) or "",
            memory={
                kind: tuple(
                    _point(point, f"{where}/memory/{kind}") for point in expect(points, list, f"{where}/memory")
                )
                for kind, points in memory.items()
            },
            remarks=texts(found, "remarks", where),
        )

    def _row(self, node: str, calls: Sequence[Call]) -> Row:
        own_s = total_of(call.self_s for call in calls)
        outermost = [call for call in calls if not self._is_inside_of(call, node)]
        peaks: dict[str, int] = {}
        for call in calls:
            for kind, value in call.peak_bytes.items():
                peaks[kind] = max(value, peaks.get(kind, value))
        timed = [call for call in calls if call.steps and call.seconds_per_step is not None]
        steps = total_of(call.steps for call in timed) or 0
        statuses = [call.status for call in calls if call.status != "done"] or ["done"] * bool(calls)
        cached = self.cached.get(node, 0)
        knows = self.source != "history"
        return Row(
            node=node,
            name=self.name_of(node),
            class_type=self.nodes.get(node, {}).get("class_type") or (calls[0].class_type if calls else ""),
            calls=len(outermost) if knows else 0 if cached else None,
            total_s=total_of(call.total_s for call in outermost),
            self_s=own_s,
            share=own_s / self.seconds if own_s is not None and self.seconds else None,
            cached=cached,
            status=statuses[0] if calls else "did not run" if knows and not cached else "",
            steps=total_of(call.steps for call in calls),
            seconds_per_step=(
                sum((call.steps or 0) * (call.seconds_per_step or 0) for call in timed) / steps if steps else None
            ),
            peak_bytes=peaks,
            loaded=tuple(name for call in calls for name in call.loaded),
            unloaded=tuple(name for call in calls for name in call.unloaded),
        )

    def _is_inside_of(self, call: Call, node: str) -> bool:
        while call.parent is not None:
            call = self.calls[call.parent]
            if call.node == node:
                return True
        return False

    def _line(self, row: Row, kinds: Iterable[str]) -> tuple[str, ...]:
        return (
            f"{row.node} {row.name}",
            _number(row.total_s),
            _number(row.self_s),
            _percent(row.share),
            "-" if row.calls is None else str(row.calls),
            _number(row.seconds_per_step),
            *(_mebibytes(row.peak_bytes.get(kind)) for kind in kinds),
            row.note,
        )


_MEMORY_HEADS = {"vram": "peak VRAM", "device": "device", "ram": "peak RAM"}
_SOURCES = {
    "server": "Measured inside of the server",
    "websocket": "Measured here, as the server's messages came",
    "history": "Read from the server's history, which has no times of single nodes",
}
_CSV = (
    "run", "prompt_id", "source", "state", "run_seconds", "node", "name", "class_type", "calls", "total_s", "self_s",
    "share", "cached", "status", "steps", "seconds_per_step", "peak_vram_bytes", "peak_device_bytes", "peak_ram_bytes",
    "loaded", "unloaded",
)  # fmt: skip


def csv_of(profiles: Sequence[Profile]) -> str:
    """A line for each node of each profile, with a head; what is not known is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV)
    for run, profile in enumerate(profiles, 1):
        about = (run, profile.prompt_id, profile.source, profile.state, profile.seconds)
        for row in profile.rows:
            times = (row.calls, row.total_s, row.self_s, row.share, row.cached, row.status)
            peaks = (row.peak_bytes.get(kind) for kind in ("vram", "device", "ram"))
            models = (" ".join(row.loaded), " ".join(row.unloaded))
            named = (row.node, row.name, row.class_type)
            writer.writerow([*about, *named, *times, row.steps, row.seconds_per_step, *peaks, *models])
    return text.getvalue()


def save_profiles(path: Path, profiles: Sequence[Profile]) -> None:
    """Writes profiles into a file, to be compared later."""
    document = {"kind": KIND, "version": 1, "profiles": [profile.document() for profile in profiles]}
    write_text(path, json.dumps(document, ensure_ascii=False) + "\n")


def load_profiles(path: Path) -> list[Profile]:
    """The profiles of a file that `save_profiles` wrote.

    Raises:
        TemplateError: the file can't be read, or is none of these.
    """
    document = read_json(path)
    if not isinstance(document, Mapping) or document.get("kind") != KIND:
        raise TemplateError(f"{path} holds no profiles. Write such a file with: switchyard profile ... --save FILE")
    try:
        found = [Profile.read(one, f"/profiles/{n}") for n, one in enumerate(items(document, "profiles", ""))]
    except TemplateError as problem:
        raise TemplateError(f"{path}: {problem}") from problem
    if not found:
        raise TemplateError(f"{path} holds no profiles: its list is empty.")
    return found


def write_text(path: Path, text: str) -> None:
    """Writes a file.

    Raises:
        TemplateError: it can't be written.
    """
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as problem:
        raise TemplateError(f"{path} can't be written: {problem.strerror or problem}.") from problem


def _known(value: Any, where: str) -> dict[str, str]:
    known = expect(value, dict, where)
    return {key: optional(known, key, str, where) or "" for key in ("class_type", "title")}


def _point(value: Any, where: str) -> tuple[float, float]:
    pair = expect(value, list, where)
    if len(pair) != 2:
        raise TemplateError(f"A measure is [seconds, bytes], not {pair!r:.80}.", where)
    return read_span([0, pair[0]], where)[1], read_span([0, pair[1]], where)[1]


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if value >= 0.0005 or value == 0 else "<0.001"


def _percent(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value * 100:.1f} %" if value >= 0.0005 or value == 0 else "<0.1 %"


def _mebibytes(value: int | None) -> str:
    return "-" if value is None else f"{value / 2**20:,.0f} MiB"
