"""What the face nodes say: errors about pictures, one line for the page, and reports."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .face_detail import KEPT, PLANNED, REDRAWN, SKIPPED
from .faces import Face
from .values import is_tensor, kind_of

_SAID = 5  # faces that one line tells of one by one


def check_image(image: Any, node: str) -> None:
    """Refuses what is no batch of pictures, in the words of a person who looks at the node of that display name.

    Raises:
        ValueError: no picture, another shape than (B, H, W, 1 to 4), or whole numbers.
    """
    if not is_tensor(image) or image.ndim != 4:
        raise ValueError(
            f"{node} needs pictures, a tensor of shape (batch, height, width, channels), not a {kind_of(image)}."
        )
    if 0 in image.shape:
        raise ValueError(
            f"{node} got no picture: the batch has the shape {tuple(image.shape)}. Check the node before, or branch "
            "around this one when nothing is left."
        )
    if image.shape[-1] > 4:
        hint = " These seem to have their channels first: use image.movedim(1, -1)." if image.shape[1] <= 4 else ""
        raise ValueError(f"{node} needs pictures of 1 to 4 channels, not of shape {tuple(image.shape)}.{hint}")
    if not image.is_floating_point():
        raise ValueError(f"{node} needs pictures of numbers from 0 to 1, not a {image.dtype} tensor. Convert it first.")


def say_found(chosen: Sequence[Sequence[Face]], others: Sequence[Sequence[tuple[Face, str]]]) -> str:
    """One line about what was detected in each picture."""
    scores = [face.score for found in chosen for face in found]
    where = f" in {len(chosen)} pictures" if len(chosen) > 1 else ""
    if scores:
        more = f" and {len(scores) - _SAID} more" if len(scores) > _SAID else ""
        listed = ", ".join(f"{score:.2f}" for score in scores[:_SAID])
        return f"{count_faces(len(scores))}{where}: {listed}{more}"
    best = max((one for found in others for one in found), key=lambda one: one[0].score, default=None)
    return f"no face{where}" if best is None else f"no face{where}; the best was left out: {best[1]}"


def say_redrawn(faces: Sequence[Mapping[str, Any]], pictures: int) -> str:
    """One line about a Face Detailer's report."""
    where = f" in {pictures} pictures" if pictures > 1 else ""
    counts = Counter(face["status"] for face in faces if "face" in face)
    if not counts:
        best = max((face for face in faces), key=lambda face: face["score"] or 0.0, default=None)
        why = "" if best is None else f"; the best was left out: {best['reason']}"
        return f"no face{where}, the picture is unchanged{why}"
    words = {
        REDRAWN: "redrawn",
        KEPT: "kept as it was" if counts[KEPT] == 1 else "kept as they were",
        SKIPPED: "left alone",
        PLANNED: "would be redrawn (dry_run)",
    }
    parts = [f"{counts[status]} {said}" for status, said in words.items() if counts[status]]
    first = next((face["reason"] for face in faces if "face" in face and face["status"] in (KEPT, SKIPPED)), "")
    return f"{count_faces(counts.total())}{where}: {', '.join(parts)}{f' ({first})' if first else ''}"


def count_faces(count: int) -> str:
    """A number of faces in words."""
    return "1 face" if count == 1 else f"{count} faces"


def detail_report(summary: str, faces: Sequence[Mapping[str, Any]], notes: Sequence[str]) -> str:
    """A Face Detailer's report as JSON: a summary, each face, and what else there is to say."""
    return json.dumps(
        {"summary": summary, "faces": faces, "notes": notes}, indent=2, ensure_ascii=False, allow_nan=False
    )
