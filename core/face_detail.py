"""Redraws the faces of pictures one by one, and keeps the old face wherever the new one is worse.

What redraws a face, and what judges one, is handed in: this is the order of things, the arithmetic and the report.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .crop_conditioning import Place
from .face_choice import Limits, choose
from .face_crop import Crop, CropSizes, cut, cut_mask, plan_crop, upright_turns
from .face_masks import draw_shape, place_mask, soften
from .face_paste import blend, match_color
from .faces import Box, FindFaces, overlap
from .segs import Found

if TYPE_CHECKING:
    from torch import Tensor

REDRAWN, KEPT, SKIPPED, PLANNED = "redrawn", "kept", "skipped", "planned"
SECOND_TRY = 1000  # what is added to the seed for the second try of a face that got worse
_WORSE = 0.15  # how much lower a detector may score the new face
_SEEN = 0.2  # a face that a detector scores lower, before and after, is none that it can judge
_LARGEST_SEED = 2**64 - 1


class Settings(NamedTuple):
    """What is asked of the redrawing; see the inputs of the node.

    Attributes:
        sizes: Of the crops; the margin is worked out here.
        limits: Which faces count.
        mask_shape: One of face_masks.SHAPES, for faces that come without a mask.
        dilation: How much larger than the face the mask is, in pixels.
        feather: A third of the way in which the mask falls to 0, in pixels of the picture.
        noise_feather: The way in which the noise mask falls to 0, in pixels of the crop.
        match_color: 0..1, see face_paste.match_color.
        seed: Of the first face; the next one has the next seed.
        is_upright: Whether lying faces are turned for the sampler.
        is_forced: Whether faces are redrawn that are as large as guide_size already.
        is_guarded: Whether a face that gets worse is kept as it was.
        is_dry: Whether nothing is redrawn, only planned.
    """

    sizes: CropSizes = CropSizes()
    limits: Limits = Limits()
    mask_shape: str = "face"
    dilation: float = 10
    feather: float = 5
    noise_feather: float = 20
    match_color: float = 0.8
    seed: int = 0
    is_upright: bool = True
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
        regions: For each of them, one after the other: its picture's place, its region and its quarter turns.
        faces: The report, a dict of JSON values for each face, those that do not count too.
    """

    image: Tensor
    mask: Tensor
    chosen: list[list[Found]]
    regions: list[tuple[int, Crop]]
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
    regions: list[tuple[int, Crop]] = []
    for frame in range(count):
        allowed = None if restrict is None else restrict[frame % len(restrict)]
        indexes, reasons = _choose(found[frame], settings.limits, width, height, allowed)
        report += [
            {**_describe(frame, found[frame][index]), "status": SKIPPED, "reason": reason}
            for index, reason in sorted(reasons.items())
        ]
        chosen.append([found[frame][index] for index in indexes])
        for number, one in enumerate(chosen[-1]):
            tell(f"picture {frame + 1} of {count}, face {number + 1} of {len(indexes)}")
            started = time.monotonic()
            place = Place(_plan(one, width, height, settings), width, height, frame, latent_px)
            regions.append((frame, place.crop))
            job = Job(place, number, (settings.seed + number) % (_LARGEST_SEED + 1))
            facts = {**_describe(frame, one), "face": number + 1, **_describe_crop(place.crop)}
            report.append(facts)
            if not settings.is_forced and place.crop.scale <= 1:
                facts.update(status=SKIPPED, reason="it is as large as guide_size already; force_inpaint is off")
                continue
            if settings.is_dry:
                facts.update(status=PLANNED, reason="dry_run is on", seed=job.seed)
                continue
            paste_mask = _paste_mask(one, place, settings, allowed)
            x1, y1, x2, y2 = place.crop.inside(width, height)
            part, verdict = _redraw_one(result[frame], one, job, settings, redraw, judge, paste_mask)
            facts.update(verdict, seconds=round(time.monotonic() - started, 2))
            if part is None:
                continue
            if result is image:
                result = image.clone()
            result[frame, y1:y2, x1:x2] = part
            torch.maximum(mask[frame, y1:y2, x1:x2], paste_mask, out=mask[frame, y1:y2, x1:x2])
    return Outcome(result, mask, chosen, regions, report)


def _choose(
    found: Sequence[Found], limits: Limits, width: int, height: int, allowed: Tensor | None
) -> tuple[list[int], dict[int, str]]:
    reasons: dict[int, str] = {}
    if allowed is not None:
        for index, one in enumerate(found):
            x, y = (one.face.box[0] + one.face.box[2]) / 2, (one.face.box[1] + one.face.box[3]) / 2
            if float(allowed[min(height - 1, int(y)), min(width - 1, int(x))]) <= 0:
                reasons[index] = "its middle is outside of the mask"
    open_ones = [index for index in range(len(found)) if index not in reasons]
    choice = choose([found[index].face for index in open_ones], limits, width, height)
    reasons.update({open_ones[index]: reason for index, reason in choice.reasons.items()})
    return [open_ones[index] for index in choice.chosen], reasons


def _plan(one: Found, width: int, height: int, settings: Settings) -> Crop:
    margin = max(0.0, settings.dilation / 2) + 3 * settings.feather + 1
    turns = upright_turns(one.face.landmarks) if settings.is_upright else 0
    return plan_crop(one.face.box, width, height, settings.sizes._replace(margin=margin), turns)


def _shape(one: Found, place: Place, settings: Settings) -> Tensor:
    region = place.crop.inside(place.width, place.height)
    if one.mask is not None:
        return place_mask(one.mask, one.corner, settings.dilation, region)
    return draw_shape(settings.mask_shape, one.face.box, settings.dilation, region)


def _paste_mask(one: Found, place: Place, settings: Settings, allowed: Tensor | None) -> Tensor:
    mask = soften(_shape(one, place, settings), 3 * settings.feather)
    if allowed is None:
        return mask
    x1, y1, x2, y2 = place.crop.inside(place.width, place.height)
    return mask * allowed[y1:y2, x1:x2]


def _redraw_one(
    picture: Tensor,
    one: Found,
    job: Job,
    settings: Settings,
    redraw: Redraw,
    judge: FindFaces,
    paste_mask: Tensor,
) -> tuple[Tensor | None, dict[str, Any]]:
    """The part of the picture with the new face, or None where the old one stays; and what to report."""
    import torch

    place, crop = job.place, job.place.crop
    x1, y1, x2, y2 = crop.inside(place.width, place.height)
    before = cut(picture[..., :3].expand(-1, -1, 3), crop)
    blend_mask = cut_mask(paste_mask, crop, place.width, place.height)
    shape = cut_mask(_shape(one, place, settings), crop, place.width, place.height)
    noise_mask = soften((shape >= 0.5).float(), settings.noise_feather)
    old_score = _score(judge, before, one.face.box, crop) if settings.is_guarded else 0.0
    facts: dict[str, Any] = {}
    for seed in (job.seed, (job.seed + SECOND_TRY) % (_LARGEST_SEED + 1)):
        after = redraw(job._replace(seed=seed), before, noise_mask)
        facts["seed"] = seed
        if after is None:
            return None, {"status": SKIPPED, "reason": "its prompt says so"}
        after = after.to(before)
        if not bool(torch.isfinite(after).all()):
            reason = "the sampler gave NaN or infinity; try another VAE, or full precision for the model"
            facts.update(status=KEPT, reason=reason)
            continue
        after = match_color(before, after, blend_mask, settings.match_color)
        if settings.is_guarded and old_score >= _SEEN:
            pasted = before + blend_mask[..., None].to(before) * (after - before)
            new_score = _score(judge, pasted.clamp(0, 1), one.face.box, crop)
            facts.update(score_before=round(old_score, 3), score_after=round(new_score, 3))
            if new_score < old_score - _WORSE:
                reason = "no face was left" if new_score < _SEEN else "the new face was worse"
                facts.update(
                    status=KEPT, reason=f"{reason}: a detector scores it {new_score:.2f}, before {old_score:.2f}"
                )
                continue
        facts.update(status=REDRAWN, reason="")
        part = picture[y1:y2, x1:x2]
        return blend(part, crop, before, after, paste_mask, place.width, place.height), facts
    facts["reason"] += "; a second seed gave no better one"
    return None, facts


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
        "score": round(one.face.score, 4),
        "label": one.face.label,
    }


def _describe_crop(crop: Crop) -> dict[str, Any]:
    return {
        "crop": list(crop.region),
        "work_size": [crop.width, crop.height],
        "scale": round(crop.scale, 3),
        "turned": crop.turns * 90,
    }
