"""The built-in face detector: small networks that look at a picture in several sizes, parts and turns, and agree.

CenterFace rarely errs where it is sure; where it is not, BlazeFace (full range) must see a face in the same place. With
BlazeFace alone, its two networks have to agree. The score is made so that 0.5 is that rule, and lower means more faces.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from .blazeface import BlazeFace, fuse
from .centerface import MULTIPLE_PX, CenterFace
from .face_candidates import Candidates, join, keep_best, overlaps
from .face_views import View, look, pixels_at_most, prepare, views_of
from .faces import Face, clamp_box, suppress

_PIXELS_AT_ONCE = 1_700_000  # CenterFace takes about 200 bytes for each: 350 MB
_SURE, _UNSURE, _SEEN = 0.4, 0.2, 0.4
_TURNED_CENTERFACE, _TURNED_BLAZEFACE = 0.5, 0.6
_SAME_PLACE, _SAME_BOX = 0.3, 0.5
_SAME_FACE, _WITHIN = 0.35, 0.75
_NOISE = 0.02


class Networks(NamedTuple):
    """What looks, all on one device: CenterFace with BlazeFace full, or BlazeFace full with BlazeFace back."""

    full: BlazeFace
    other: CenterFace | BlazeFace


class _Seen(NamedTuple):
    """What the two networks see in the same views of one picture."""

    full: Candidates
    other: Candidates


def calibrated_score(centerface: Tensor, blazeface: Tensor) -> Tensor:
    """One score, at least 0.5 exactly if CenterFace is sure (0.4), or unsure (0.2) where BlazeFace sees one (0.4)."""
    below = centerface * (0.5 / _SURE)
    above = 0.5 + (centerface - _SURE) * (0.5 / (1 - _SURE))
    alone = torch.where(centerface < _SURE, below, above)
    return torch.maximum(alone, agreement(centerface / _UNSURE, blazeface / _SEEN))


def agreement(one: Tensor, other: Tensor) -> Tensor:
    """The score of two that see the same face, each as a multiple of what it takes: 0.5 if the smaller one is 1."""
    return 1 - torch.exp2(-torch.minimum(one, other))


def find_faces(
    image: Tensor,
    min_score: float,
    networks: Networks,
    *,
    tiled: bool = False,
    check: Callable[[], None] = lambda: None,
) -> list[list[Face]]:
    """Finds the faces of each picture.

    Args:
        image: Pictures (B, H, W, C) of any type and device, 0..1; not modified. NaN is black; one channel is grey; a
            channel of transparency is left away.
        min_score: The lowest score to tell of, 0..1. 0.5 is right for most pictures; below 0.1 is noise.
        networks: What looks, on the device where it looks.
        tiled: Look at parts of the picture as well, for faces smaller than 24 px in 1024. Takes several times as long.
        check: Called between two chunks of work; may raise, to stop it.

    Returns:
        For each picture its faces, best score first.
    """
    height, width = image.shape[1:3]
    if not height or not width:
        return [[] for _ in image]
    chunk = max(1, _PIXELS_AT_ONCE // max(1, pixels_at_most(height, width)))
    return [
        _as_faces(candidates, min_score, width, height)
        for start in range(0, len(image), chunk)
        for candidates in _find_chunk(image[start : start + chunk], min_score, networks, tiled, check)
    ]


def _find_chunk(
    image: Tensor, min_score: float, networks: Networks, tiled: bool, check: Callable[[], None]
) -> list[Candidates]:
    """The faces of a few pictures, in their pixels, with calibrated scores, those below the lowest too."""
    pictures = prepare(image, networks.full.device)
    height, width = pictures.shape[2:]
    takes = -math.log2(1 - min(max(min_score, 0.0), 0.999))  # what agreement() needs of the smaller one
    upright: list[list[_Seen]] = [[] for _ in image]
    turned: list[list[_Seen]] = [[] for _ in image]
    for view in views_of(height, width, tiled):
        check()
        for number, seen in enumerate(_look(pictures, view, networks, takes)):
            (turned if view.turn else upright)[number].append(seen)
    scale_x, scale_y = image.shape[2] / width, image.shape[1] / height
    combine = _with_centerface if isinstance(networks.other, CenterFace) else _with_blazeface
    return [
        combine(_Seen(*map(join, zip(*views, strict=True))), turns).moved(scale_x, scale_y, 0, 0)
        for views, turns in zip(upright, turned, strict=True)
    ]


def _look(pictures: Tensor, view: View, networks: Networks, takes: float) -> Iterator[_Seen]:
    """What both networks see in one view of each picture."""
    pairs = (_look_with(network, pictures, view, takes) for network in networks)
    return (_Seen(*pair) for pair in zip(*pairs, strict=True))


def _look_with(network: CenterFace | BlazeFace, pictures: Tensor, view: View, takes: float) -> list[Candidates]:
    if isinstance(network, BlazeFace):
        lowest = max(_NOISE, _SEEN * takes)
        return look(pictures, view, network.side_px, lambda shown: network.find(shown, lowest), True, 1)
    lowest = max(_NOISE, min(_UNSURE * takes, _SURE))
    looks = [
        look(pictures, view, size_px, lambda shown: network.find(shown, lowest), False, MULTIPLE_PX)
        for size_px in view.sizes_px
    ]
    return [join(parts) for parts in zip(*looks, strict=True)]


def _with_centerface(upright: _Seen, turned: Sequence[_Seen]) -> Candidates:
    """In turned pictures nothing but agreement counts: with BlazeFace, or with CenterFace in the upright picture."""
    faces = keep_best(upright.other, _SAME_FACE, _WITHIN)
    scored = [faces._replace(scores=calibrated_score(faces.scores, _seen_there(faces, upright.full)))]
    for seen in turned:
        faces = keep_best(seen.other, _SAME_FACE, _WITHIN)
        support = torch.maximum(_seen_there(faces, seen.full) / _SEEN, _seen_there(faces, upright.other) / _UNSURE)
        scored.append(faces._replace(scores=agreement(faces.scores / _TURNED_CENTERFACE, support)))
    best = keep_best(join(scored), _SAME_FACE, _WITHIN)
    return _where_seen_best(best, join([seen.other for seen in (upright, *turned)]))


def _with_blazeface(upright: _Seen, turned: Sequence[_Seen]) -> Candidates:
    """In turned pictures both have to be surer than in the upright one."""
    scored, places = [], []
    for seen, takes in ((upright, _SEEN), *((seen, _TURNED_BLAZEFACE) for seen in turned)):
        faces = keep_best(fuse(seen.full), _SAME_FACE, _WITHIN)
        places.append(faces)
        scored.append(faces._replace(scores=agreement(faces.scores / takes, _seen_there(faces, seen.other) / takes)))
    return _where_seen_best(keep_best(join(scored), _SAME_FACE, _WITHIN), join(places))


def _seen_there(faces: Candidates, by_other: Candidates) -> Tensor:
    """The best score that another network, or look, has in the place of each face; 0 for none."""
    union, _ = overlaps(faces.boxes, by_other.boxes)
    there = torch.where(union > _SAME_PLACE, by_other.scores, 0.0)
    return torch.cat([there, there.new_zeros(len(there), 1)], 1).amax(1)


def _where_seen_best(faces: Candidates, seen: Candidates) -> Candidates:
    """The faces with the box and the points of the look that was surest of them: the one that showed them upright."""
    if not len(faces.scores):
        return faces
    union, _ = overlaps(faces.boxes, seen.boxes)
    surest = torch.where(union > _SAME_BOX, seen.scores, -1.0).argmax(1)
    return Candidates(seen.boxes[surest], faces.scores, seen.points[surest])


def _as_faces(found: Candidates, min_score: float, width: int, height: int) -> list[Face]:
    faces = []
    for box, score, points in zip(found.boxes.tolist(), found.scores.tolist(), found.points.tolist(), strict=True):
        inside = clamp_box(box, width, height)
        if score >= min_score and inside is not None:
            faces.append(Face(inside, score, tuple((x, y) for x, y in points)))
    return suppress(faces, _SAME_FACE)
