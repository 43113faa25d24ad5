"""Puts a crop that was sampled anew back into its picture: only what has changed, and only where the mask says.

The difference between the crop before and after is brought to the picture's size and added: what the sampler left alone
stays exact, and no detail is lost on the way there and back. Where the crop was reduced, the picture has detail that
the crop could not hold; it stays where the crop is what it was, and fades where it has changed, lest the old face's
fine lines lie on the new one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .face_crop import Crop, resize

if TYPE_CHECKING:
    from torch import Tensor

_RING = (0.02, 0.98)  # the part of a mask where the picture shows through
_FEWEST = 16  # pixels to tell a colour by
_ANOTHER = 0.1  # a difference from which on the detail of the old face is gone


def match_color(before: Tensor, after: Tensor, mask: Tensor, strength: float) -> Tensor:
    """Shifts the colours of a crop so that around the face they are again what they were.

    What is around the face is what people see as a seam: there the picture must go on. The shift is the median of the
    differences there, for each channel, and the same all over the crop: the new face keeps its own contrast.

    Args:
        before: (h, w, C) the crop before sampling.
        after: (h, w, C) the crop after it.
        mask: (h, w) how much of the crop gets into the picture.
        strength: 0 changes nothing, 1 takes the whole difference away.

    Returns:
        (h, w, C), not clamped.
    """
    mask = mask.to(before.device)
    ring = (mask > _RING[0]) & (mask < _RING[1])
    if strength <= 0 or int(ring.sum()) < _FEWEST:
        return after
    return after - strength * (after[ring] - before[ring]).median(0).values


def blend(
    part: Tensor,
    crop: Crop,
    before: Tensor,
    after: Tensor,
    mask: Tensor,
    width: int,
    height: int,
    ground: Tensor | None = None,
) -> Tensor:
    """What the part of the picture around a face becomes.

    Args:
        part: (h, w, C) the picture in crop.inside(width, height), of any float type; not changed.
        crop: where before and after come from.
        before: (crop.height, crop.width, 3) the crop as it was cut.
        after: the same after sampling.
        mask: (h, w) how much of the new face is taken, 0..1, for the part.
        width, height: of the picture.
        ground: (h, w, C) the part as it was when the crop was cut, if it has changed since.

    Returns:
        (h, w, C) of the part's own type: equal to the last bit where the mask is 0. Alpha stays; a grey picture takes
        the mean of the new colours.
    """
    import torch

    is_enlarged = crop.scale >= 1 - 1e-3
    change = _to_picture(after - before, crop, width, height).to(part.device)
    weight = mask.to(part.device)[..., None]
    channels = 3 if part.shape[-1] > 2 else 1
    if channels == 1:
        change = change.mean(-1, keepdim=True)
    old = part[..., :channels]
    start = old.float().nan_to_num(0.0, 1.0, 0.0)
    origin = start if ground is None else ground[..., :channels].float().nan_to_num(0.0, 1.0, 0.0)
    if ground is not None or not is_enlarged:
        changed = _to_picture(_changed(before, after), crop, width, height).to(part.device).clamp(0, 1)
        if not is_enlarged:
            coarse = _to_picture(before, crop, width, height).to(part.device)[..., :channels]
            change = change - changed * (origin - coarse)
        change = change + changed * (
            origin - start
        )  # where this crop has changed, it takes the place of an earlier one
    new = start + weight * change
    blended = part.clone()
    # Values of the picture beyond 0..1 stay where nothing changes, instead of being clamped.
    blended[..., :channels] = torch.where((weight > 0) & (new != start), new.clamp(0, 1).to(part.dtype), old)
    return blended


def _to_picture(crop_picture: Tensor, crop: Crop, width: int, height: int) -> Tensor:
    """Brings a crop (h, w, C) to the size of its part of the picture."""
    import torch

    x1, y1, x2, y2 = crop.region
    left, top, right, bottom = crop.inside(width, height)
    sized = resize(torch.rot90(crop_picture, -crop.turns, (0, 1)), y2 - y1, x2 - x1)
    return sized[top - y1 : bottom - y1, left - x1 : right - x1]


def _changed(before: Tensor, after: Tensor) -> Tensor:
    """How much a crop has changed around each pixel, (h, w, 1): 0 not at all, 1 so much that it is another's face."""
    from torch.nn import functional

    difference = (after - before).abs().amax(-1)[None, None] / _ANOTHER
    near = functional.max_pool2d(difference, 5, 1, 2)
    return functional.avg_pool2d(near, 5, 1, 2, count_include_pad=False)[0, 0, ..., None].clamp(0, 1)
