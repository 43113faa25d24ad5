"""The plan for one face: which crop shows it, and where in that crop it may change.

Which faces count at all is decided here too, for all nodes that work on faces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .crop_conditioning import Place
from .face_choice import Limits, choose
from .face_crop import CropSizes, cut_mask, plan_crop, upright_turns
from .face_masks import draw_shape, place_mask, soften
from .faces import Box
from .segs import Found

if TYPE_CHECKING:
    from torch import Tensor


NOTHING_LEFT = "nothing is left of its mask; look at its dilation and at the mask that limits it"


class Shaping(NamedTuple):
    """How crops and masks are made.

    Attributes:
        sizes: Of the crops; the margin is worked out here.
        mask_shape: One of face_masks.SHAPES, for faces that come without a mask.
        dilation: How much wider and higher than the face the mask is, in pixels of the picture.
        feather: A third of the way in which the mask falls to 0 around the face, in pixels of the picture.
        noise_feather: The way in which the noise mask falls to 0, in pixels of the crop.
        is_upright: Whether lying faces are turned.
    """

    sizes: CropSizes = CropSizes()
    mask_shape: str = "face"
    dilation: float = 10
    feather: float = 5
    noise_feather: float = 20
    is_upright: bool = True


class FacePlan(NamedTuple):
    """The plan for one face.

    Attributes:
        place: Where its crop lies.
        paste_mask: (h, w), 0..1, for the part of the crop that lies in the picture: what gets into the picture.
        soft_shape: (h, w), the same for a face that nothing limits: 1 on the face, falling to 0 around it.
        noise_mask: (crop.height, crop.width), 0..1: where the sampler may change the crop.
    """

    place: Place
    paste_mask: Tensor
    soft_shape: Tensor
    noise_mask: Tensor


class Selection(NamedTuple):
    """The faces of one picture that count, in their order, and all others with the reason why they don't."""

    chosen: list[Found]
    others: list[tuple[Found, str]]


def select_faces(
    found: Sequence[Found], limits: Limits, width: int, height: int, allowed: Tensor | None = None
) -> Selection:
    """Decides which faces of a picture of that size count.

    Args:
        found: the faces; those that come with a reason against them don't count.
        limits: what they must be.
        width, height: of the picture.
        allowed: (height, width); faces whose middle lies where it is 0 don't count. None allows all.
    """
    others = [(one, one.reason) for one in found if one.reason]
    open_ones = [one for one in found if not one.reason]
    if allowed is not None:
        others += [(one, "its middle is outside of the mask") for one in open_ones if not _is_allowed(one, allowed)]
        open_ones = [one for one in open_ones if _is_allowed(one, allowed)]
    choice = choose([one.face for one in open_ones], limits, width, height)
    others += [(open_ones[index], reason) for index, reason in sorted(choice.reasons.items())]
    return Selection([open_ones[index] for index in choice.chosen], others)


def _is_allowed(one: Found, allowed: Tensor) -> bool:
    x, y = (one.face.box[0] + one.face.box[2]) / 2, (one.face.box[1] + one.face.box[3]) / 2
    return float(allowed[min(allowed.shape[0] - 1, int(y)), min(allowed.shape[1] - 1, int(x))]) > 0


def plan_place(one: Found, frame: int, width: int, height: int, shaping: Shaping, latent_px: int = 8) -> Place:
    """Plans where the crop of a face lies in a picture of that size."""
    margin = max(0.0, shaping.dilation / 2) + 3 * shaping.feather + 1
    turns = upright_turns(one.face.landmarks) if shaping.is_upright else 0
    sizes = shaping.sizes._replace(margin=margin)
    crop = plan_crop(one.face.box, width, height, sizes, turns, _extent(one, width, height))
    return Place(crop, width, height, frame, latent_px)


def plan_face(one: Found, place: Place, shaping: Shaping, allowed: Tensor | None = None) -> FacePlan:
    """Plans where a face may change.

    Args:
        one: the face.
        place: where its crop lies.
        shaping: how masks are made.
        allowed: (height, width) of the picture: how much of it may change, 0..1. None allows all.
    """
    crop, region = place.crop, place.crop.inside(place.width, place.height)
    if one.mask is not None:
        shape = place_mask(one.mask, one.corner, shaping.dilation, region)
    else:
        shape = draw_shape(shaping.mask_shape, one.face.box, shaping.dilation, region)
    soft_shape = paste_mask = soften(shape, 3 * shaping.feather)
    if allowed is not None:
        x1, y1, x2, y2 = region
        paste_mask = soft_shape * allowed[y1:y2, x1:x2]
    sampled = (cut_mask(shape, crop, place.width, place.height) >= 0.5).float()
    return FacePlan(place, paste_mask, soft_shape, soften(sampled, shaping.noise_feather))


def _extent(one: Found, width: int, height: int) -> Box | None:
    """A box around a face and its mask, in a picture of that size; None for a face without a mask."""
    if one.mask is None:
        return None
    rows, columns = (one.mask >= 0.5).nonzero().unbind(1)
    if not len(rows):
        return None
    left, top = int(columns.min()) + one.corner[0], int(rows.min()) + one.corner[1]
    right, bottom = int(columns.max()) + one.corner[0] + 1, int(rows.max()) + one.corner[1] + 1
    x1, y1, x2, y2 = one.face.box
    return max(0, min(x1, left)), max(0, min(y1, top)), min(width, max(x2, right)), min(height, max(y2, bottom))
