"""From what a detector of many things gives to faces: which of its classes are faces, and which boxes are one face."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from torch import Tensor

from .faces import Face, clamp_box, suppress

SAME_FACE_OVERLAP = 0.5
CANDIDATES = 1000  # of one picture, best first: a very low score would have thousands compared with each other

_FACE = re.compile(r"(?<!sur)(?<!inter)face|head(?!phone|light|set|band|board|gear|rest|wear)", re.IGNORECASE)
_LISTED = 12


def face_classes(names: Mapping[int, str], count: int) -> tuple[int, ...]:
    """The numbers of the classes that are faces: those called face or head, or the only one there is.

    Args:
        names: what the classes are called, by number, where known.
        count: how many there are.

    Raises:
        ValueError: there are several classes and none is called so. The text goes on after a file's name and "can't be
            used: ".
    """
    found = tuple(number for number in range(count) if _FACE.search(names.get(number, "")))
    if found or count == 1:
        return found or (0,)
    known = [names[number] for number in range(count) if number in names]
    if not known:
        raise ValueError(f"it tells {count} kinds of things apart, but not what they are called. Use a model of faces")
    listed = ", ".join(known[:_LISTED]) + (", …" if len(known) > _LISTED else "")
    raise ValueError(f"it finds {listed}, and no face or head. Use a model of faces")


def faces_in_picture(
    boxes: Tensor, scores: Tensor, kinds: Tensor, labels: Sequence[str], size: tuple[int, int], min_score: float
) -> list[Face]:
    """The faces of one picture, best score first, no face twice.

    Args:
        boxes: (P, 4), in pixels of the picture; may reach out of it.
        scores: (P), 0..1; those that are no number count as too low.
        kinds: (P), which of the labels each has.
        labels: what the kinds are called.
        size: the picture's width and height.
        min_score: the lowest score to tell of.
    """
    chosen = (scores >= min_score).nonzero()[:, 0]
    chosen = chosen[scores[chosen].argsort(descending=True, stable=True)[:CANDIDATES]]
    faces: list[Face] = []
    for place in chosen.tolist():
        x1, y1, x2, y2 = boxes[place].tolist()
        faces.append(Face((x1, y1, x2, y2), min(float(scores[place]), 1.0), (), labels[int(kinds[place])]))
    # Whole boxes are compared, not what is left of them in the picture: two heads at its border stay two.
    clamped = ((face, clamp_box(face.box, *size)) for face in suppress(faces, SAME_FACE_OVERLAP))
    return [face._replace(box=box) for face, box in clamped if box is not None]
