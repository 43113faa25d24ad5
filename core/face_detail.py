"""Redraws the faces of pictures one by one, and keeps the old face wherever the new one is worse.

What redraws a face, and what judges one, is handed in: this is the order of things, the arithmetic and the report.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .crop_conditioning import Place
from .face_choice import Limits
from .face_crop import Crop, cut, cut_mask
from .face_paste import blend, match_color
from .face_plan import NOTHING_LEFT, FacePlan, Shaping, plan_face, plan_place, select_faces
from .faces import Box, FindFaces, overlap
from .segs import Found

if TYPE_CHECKING:
    from torch import Tensor

REDRAWN, KEPT, SKIPPED, PLANNED = "redrawn", "kept", "skipped", "planned"
SECOND_TRY = 1000  # what is added to the seed for the second try of a face that got worse
_WORSE = 0.15  # how much lower a detector may score the new face
_SEEN = 0.2  # a face that a detector scores lower, before and after, is none that it can judge
LARGEST_SEED = 2**64 - 1


class Settings(NamedTuple):
    """What is asked of the redrawing; see the inputs of the node.

    Attributes:
        shaping: How crops and masks are made.
        limits: Which faces count.
        match_color: 0..1, see face_paste.match_color.
        seed: Of the first face; the next one has the next seed.
        is_forced: Whether faces are redrawn that are as large as guide_size already.
        is_guarded: Whether a face that gets worse is kept as it was.
        is_dry: Whether nothing is redrawn, only planned.
    """

    shaping: Shaping = Shaping()
    limits: Limits = Limits(threshold=0)
    match_color: float = 0.8
    seed: int = 0
    is_forced: bool = True
    is_guarded: bool = True
    is_dry: bool = False


class Job(NamedTuple):
    """One face to redraw: its place, its number in its picture from 0, and the seed."""

    place: Place
    number: int
    seed: int


class Redraw(Protocol):
    """Redraws a face.

    Args:
        job: which one.
        before: (h, w, 3) float32 crop, 0..1.
        noise_mask: (h, w), 0..1: where it is redrawn.

    Returns:
        (h, w, 3), or None if this face is to be left alone.
    """

    def __call__(self, job: Job, before: Tensor, noise_mask: Tensor) -> Tensor | None: ...


class Outcome(NamedTuple):
    """What became of the pictures.

    Attributes:
        image: (B, H, W, C); the very object that came in where nothing was redrawn.
        mask: (B, H, W) what was redrawn.
        chosen: The faces of each picture that count, in their order.
        crops: For each of them, one after the other: its picture's place in the batch, and its crop.
        faces: The report, a dict of JSON values for each face, those that do not count too.
    """

    image: Tensor
    mask: Tensor
    chosen: list[list[Found]]
    crops: list[tuple[int, Crop]]
    faces: list[dict[str, Any]]


def detail_faces(
    image: Tensor,
    found: Sequence[Sequence[Found]],
    settings: Settings,
    redraw: Redraw,
    judge: FindFaces,
    restrict: Tensor | None = None,
    latent_px: int = 8,
    tell: Callable[[str], object] = lambda _: None,
) -> Outcome:
    """Redraws the faces of a batch of pictures, one picture after the other.

    Args:
        image: (B, H, W, C) of 1, 3 or 4 channels, any float type; not changed.
        found: for each picture what was found in it.
        settings: what is asked.
        redraw: makes the new face.
        judge: a detector that scores faces before and after.
        restrict: (1 or B, H, W): how much of the pictures may change; faces whose middle lies where it is 0 are left
            out.
        latent_px: how many pixels one place of the latent takes.
        tell: gets a line before each face, and may raise to stop.
    """
    import torch

    count, height, width = image.shape[:3]
    result, mask = image, torch.zeros(count, height, width)
    report: list[dict[str, Any]] = []
    chosen: list[list[Found]] = []
    crops: list[tuple[int, Crop]] = []
    for frame in range(count):
        allowed = None if restrict is None else restrict[frame % len(restrict)]
        selection = select_faces(found[frame], settings.limits, width, height, allowed)
        chosen.append(selection.chosen)
        for number, one in enumerate(selection.chosen):
            tell(f"picture {frame + 1} of {count}, face {number + 1} of {len(selection.chosen)}")
            started = time.monotonic()
            place = plan_place(one, frame, width, height, settings.shaping, latent_px)
            job = Job(place, number, _seed(settings.seed, number))
            facts = {**_describe(frame, one), "face": number + 1, **_describe_crop(place.crop)}
            report.append(facts)
            crops.append((frame, place.crop))
            if not settings.is_forced and place.crop.is_large:
                facts.update(status=SKIPPED, reason="it is as large as guide_size already; force_inpaint is off")
                continue
            if settings.is_dry:
                facts.update(status=PLANNED, reason="dry_run is on", seed=job.seed)
                continue
            plan = plan_face(one, place, settings.shaping, allowed)
            if not bool(plan.paste_mask.any()):
                facts.update(status=SKIPPED, reason=NOTHING_LEFT)
                continue
            part, verdict = _redraw_one(result[frame], one, job, plan, settings, redraw, judge)
            facts.update(verdict, seconds=round(time.monotonic() - started, 2))
            if part is None:
                continue
            if result is image:
                result = image.clone()
            x1, y1, x2, y2 = place.crop.inside(width, height)
            result[frame, y1:y2, x1:x2] = part
            torch.maximum(mask[frame, y1:y2, x1:x2], plan.paste_mask, out=mask[frame, y1:y2, x1:x2])
        report += [{**_describe(frame, one), "status": SKIPPED, "reason": reason} for one, reason in selection.others]
    return Outcome(result, mask, chosen, crops, report)


def _seed(first: int, further: int) -> int:
    return (first + further) % (LARGEST_SEED + 1)


def _redraw_one(
    picture: Tensor, one: Found, job: Job, plan: FacePlan, settings: Settings, redraw: Redraw, judge: FindFaces
) -> tuple[Tensor | None, dict[str, Any]]:
    """The part of the picture with the new face, or None where the old one stays; and what to report."""
    import torch

    place, crop = job.place, job.place.crop
    before = cut(picture, crop)
    shown, edge = (cut_mask(mask, crop, place.width, place.height) for mask in (plan.paste_mask, plan.soft_shape))
    old_score: float | None = None
    facts: dict[str, Any] = {}
    for seed in (job.seed, _seed(job.seed, SECOND_TRY)):
        after = redraw(job._replace(seed=seed), before, plan.noise_mask)
        if after is None:
            return None, {"status": SKIPPED, "reason": "its prompt says so"}
        after, facts = after.to(before), {"seed": seed}
        if not bool(torch.isfinite(after).all()):
            reason = "the sampler gave NaN or infinity; try another VAE, or full precision for the model"
            facts.update(status=KEPT, reason=reason)
            continue
        after = match_color(before, after, edge, settings.match_color)
        if old_score is None:
            old_score = _score(judge, before, one.face.box, crop) if settings.is_guarded else 0.0
        if old_score >= _SEEN:
            pasted = before + shown[..., None].to(before) * (after - before)
            new_score = _score(judge, pasted.clamp(0, 1), one.face.box, crop)
            facts.update(score_before=round(old_score, 3), score_after=round(new_score, 3))
            if new_score < old_score - _WORSE:
                what = "no face was left" if new_score < _SEEN else "the new face was worse"
                reason = f"{what}: a detector scores it {new_score:.2f}, and the old one {old_score:.2f}"
                facts.update(status=KEPT, reason=reason)
                continue
        x1, y1, x2, y2 = crop.inside(place.width, place.height)
        part = blend(picture[y1:y2, x1:x2], crop, before, after, plan.paste_mask, place.width, place.height)
        return part, {**facts, "status": REDRAWN, "reason": ""}
    return None, {**facts, "reason": f"{facts['reason']}; a second seed gave no better one"}


def _score(judge: FindFaces, picture: Tensor, box: Box, crop: Crop) -> float:
    """How sure a detector is of the face at a box of the picture, looking at its crop; 0 if it sees none there."""
    faces = judge(picture[None], _SEEN / 2)[0]
    where = box_in_crop(box, crop)
    return max((face.score for face in faces if overlap(face.box, where) > _SEEN), default=0.0)


def box_in_crop(box: Box, crop: Crop) -> Box:
    """Where a box of the picture lies in a crop of it."""
    x1, y1, x2, y2 = crop.region
    width, height = (crop.height, crop.width) if crop.turns % 2 else (crop.width, crop.height)
    across, down = width / (x2 - x1), height / (y2 - y1)
    left, top, right, bottom = (
        (box[0] - x1) * across,
        (box[1] - y1) * down,
        (box[2] - x1) * across,
        (box[3] - y1) * down,
    )
    for _ in range(crop.turns):
        left, top, right, bottom = top, width - right, bottom, width - left
        width, height = height, width
    return left, top, right, bottom


def _describe(frame: int, one: Found) -> dict[str, Any]:
    return {
        "picture": frame + 1,
        "box": [round(side, 1) for side in one.face.box],
        "score": round(one.face.score, 4) if math.isfinite(one.face.score) else None,
        "label": one.face.label,
    }


def _describe_crop(crop: Crop) -> dict[str, Any]:
    return {
        "crop": list(crop.region),
        "work_size": [crop.width, crop.height],
        "scale": round(crop.scale, 3),
        "turned": crop.turns * 90,
    }
