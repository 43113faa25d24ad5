"""Crops of faces for people who sample them with nodes of their own, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .face_choice import Limits
from .face_crop import colors_of, cut, cut_mask, resize
from .face_paste import blend, match_color
from .face_plan import NOTHING_LEFT, FacePlan, Shaping, plan_face, plan_place, select_faces
from .segs import Found
from .values import is_tensor, kind_of

if TYPE_CHECKING:
    from torch import Tensor

_NOTHING_PX = 64
_SKEW = 0.03  # how much another shape than its crop's a picture may have


class FaceCrops(NamedTuple):
    """Crops of faces, with the pictures they come from.

    Attributes:
        image: (B, H, W, C) the pictures; not changed.
        chosen: The faces of each picture that have a crop, in order.
        plans: For each crop, where it lies and what of it gets back.
        others: For each face that has none: its picture's place in the batch, the face, and the reason.
    """

    image: Tensor
    chosen: list[list[Found]]
    plans: list[FacePlan]
    others: list[tuple[int, Found, str]]

    def crops(self) -> list[Tensor]:
        """Each crop, (1, h, w, 3). One small grey picture where there is no face: what comes next needs something."""
        import torch

        cuts = [cut(self.image[plan.place.frame], plan.place.crop)[None] for plan in self.plans]
        return cuts or [torch.full((1, _NOTHING_PX, _NOTHING_PX, 3), 0.5)]

    def noise_masks(self) -> list[Tensor]:
        """For each crop where it is to be sampled, (1, h, w), 0..1."""
        import torch

        masks = [plan.noise_mask[None] for plan in self.plans] or [torch.zeros(1, _NOTHING_PX, _NOTHING_PX)]
        return [mask.to(self.image.device) for mask in masks]


def crop_faces(
    image: Tensor,
    found: Sequence[Sequence[Found]],
    limits: Limits,
    shaping: Shaping,
    restrict: Tensor | None = None,
) -> FaceCrops:
    """Plans a crop for each face of a batch of pictures (B, H, W, C) that counts; see face_plan."""
    height, width = image.shape[1:3]
    plans: list[FacePlan] = []
    chosen: list[list[Found]] = []
    others: list[tuple[int, Found, str]] = []
    for frame, ones in enumerate(found):
        allowed = None if restrict is None else restrict[frame % len(restrict)]
        selection = select_faces(ones, limits, width, height, allowed)
        places = [(one, plan_place(one, frame, width, height, shaping)) for one in selection.chosen]
        planned = [(one, plan_face(one, place, shaping, allowed)) for one, place in places]
        kept = [(one, plan) for one, plan in planned if bool(plan.paste_mask.any())]
        chosen.append([one for one, _ in kept])
        plans += [plan for _, plan in kept]
        others += [(frame, one, NOTHING_LEFT) for one, plan in planned if not bool(plan.paste_mask.any())]
        others += [(frame, one, reason) for one, reason in selection.others]
    return FaceCrops(image, chosen, plans, others)


def share_out(origins: Sequence[FaceCrops], pictures: Sequence[Any]) -> list[list[Tensor]]:
    """Gives each of several Face Crops its pictures, where Face Crop has run for each item of a list.

    Args:
        origins: in order.
        pictures: IMAGE tensors: for each crop one picture, and one for each origin without any, in order.

    Raises:
        ValueError: no pictures, or another number of them.
    """
    counts = [max(1, len(origin.plans)) for origin in origins]
    singles = _singles(pictures, sum(counts))
    starts = [sum(counts[:index]) for index in range(len(counts))]
    return [
        [single[None] for single in singles[start : start + count]] for start, count in zip(starts, counts, strict=True)
    ]


def paste_faces(
    crops: FaceCrops, pictures: Sequence[Any], color: float, tell: Callable[[int], object] = lambda _: None
) -> tuple[Tensor, Tensor, list[str]]:
    """Puts crops back after they were sampled.

    Args:
        crops: what they were before.
        pictures: IMAGE tensors with one picture for each crop in all, in order; they may be larger or smaller, but
            must have the crop's shape.
        color: 0..1, see face_paste.match_color.
        tell: called with the number of each crop, and may raise to stop.

    Returns:
        the pictures (B, H, W, C), the very same object if there is no crop; what changed (B, H, W); and for each crop
        a word: "pasted", or why its old face was kept.

    Raises:
        ValueError: no pictures, another number of them, or another shape.
    """
    import torch

    height, width = crops.image.shape[1:3]
    mask = torch.zeros(len(crops.image), height, width)
    if not crops.plans:
        return crops.image, mask, []
    singles = _singles(pictures, len(crops.plans))
    result, words = crops.image.clone(), []
    for number, (plan, single) in enumerate(zip(crops.plans, singles, strict=True)):
        tell(number)
        place, crop = plan.place, plan.place.crop
        picture, original = result[place.frame], crops.image[place.frame]
        before = cut(original, crop)
        after = _fit(single, number, crop.height, crop.width).to(before)
        if not bool(torch.isfinite(after).all()):
            words.append("kept: it came back with NaN or infinity")
            continue
        edge = cut_mask(plan.soft_shape, crop, width, height)
        after = match_color(before, after, edge, color)
        x1, y1, x2, y2 = crop.inside(width, height)
        part, ground = picture[y1:y2, x1:x2], original[y1:y2, x1:x2]
        picture[y1:y2, x1:x2] = blend(part, crop, before, after, plan.paste_mask, width, height, ground)
        torch.maximum(mask[place.frame, y1:y2, x1:x2], plan.paste_mask, out=mask[place.frame, y1:y2, x1:x2])
        words.append("pasted")
    return result, mask, words


def _singles(pictures: Sequence[Any], count: int) -> list[Tensor]:
    for batch in pictures:
        if not (is_tensor(batch) and batch.ndim == 4 and batch.numel()):
            raise ValueError(f"crops holds a {kind_of(batch)}, not pictures of shape (batch, height, width, channels).")
    singles = [picture for batch in pictures for picture in batch]
    if len(singles) != count:
        raise ValueError(
            f"There are {count} crops to put back, and {len(singles)} pictures came. Plug in what became of the crops "
            "of Face Crop, all of them, in their order."
        )
    return singles


def _fit(picture: Tensor, number: int, height: int, width: int) -> Tensor:
    """A picture brought to the size of its crop."""
    colors = colors_of(picture).float()
    high, wide = colors.shape[:2]
    if abs(wide * height - high * width) > _SKEW * max(wide * height, high * width):
        raise ValueError(
            f"Picture {number + 1} came back as {wide} x {high} px, and its crop was {width} x {height}: another "
            "shape. Keep the shape; any size is fine."
        )
    return resize(colors, height, width)
