"""Puts a crop that was sampled anew back into its picture: only what has changed, and only where the mask says.

Where the crop was enlarged, the difference between the crop before and after is brought to the picture's size and
added: what the sampler left alone stays exact, and no detail is lost on the way there and back. Where it was reduced,
a difference would leave the fine detail of the old face on the new one, so the new crop itself is blended in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .face_crop import Crop, resize

if TYPE_CHECKING:
    from torch import Tensor

_RING = (0.02, 0.98)  # the part of a mask where the picture shows through
_FEWEST = 16  # pixels to tell a colour by


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

    x1, y1, x2, y2 = crop.region
    left, top, right, bottom = crop.inside(width, height)
    is_enlarged = crop.scale >= 1 - 1e-3
    change = after - before if is_enlarged else after
    change = resize(torch.rot90(change, -crop.turns, (0, 1)), y2 - y1, x2 - x1)[top - y1 : bottom - y1, left - x1 :]
    change = change[:, : right - left].to(part.device)
    weight = mask.to(part.device)[..., None]
    channels = 3 if part.shape[-1] > 2 else 1
    if channels == 1:
        change = change.mean(-1, keepdim=True)
    old = part[..., :channels]
    start = old.float().nan_to_num(0.0, 1.0, 0.0)
    if not is_enlarged:
        change = change - start
    elif ground is not None:
        change = change + (ground[..., :channels].float().nan_to_num(0.0, 1.0, 0.0) - start)
    new = start + weight * change
    blended = part.clone()
    # Values of the picture beyond 0..1 stay where nothing changes, instead of being clamped.
    blended[..., :channels] = torch.where((weight > 0) & (new != start), new.clamp(0, 1).to(part.dtype), old)
    return blended
