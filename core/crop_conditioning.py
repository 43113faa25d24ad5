"""Conditioning that belongs to a whole picture, brought to a crop of it: masks, areas and the hints of ControlNets.

ComfyUI stretches masks and hints over whatever is sampled. Left as they are, a pose for the whole picture would be
drawn onto the face alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .face_crop import Crop, cut_mask, resize
from .values import is_tensor

if TYPE_CHECKING:
    from torch import Tensor

Conditioning = list[Any]
_BEYOND = ("percentage", 0.0, 0.0, 0.0, 0.0)  # the area of what does not reach into the crop
_FOR_THE_WHOLE = {
    "gligen": "GLIGEN positions are for the whole picture and were left out",
    "concat_latent_image": "the picture of an inpainting or editing model's conditioning was left out; turn "
    "inpaint_model on to give it the face",
    "concat_mask": "",
}


class Place(NamedTuple):
    """Where a crop lies.

    Attributes:
        crop: The crop.
        width, height: Of the picture, in pixels.
        frame: The picture's place in its batch.
        latent_px: How many pixels of the picture one place of the latent takes.
    """

    crop: Crop
    width: int
    height: int
    frame: int = 0
    latent_px: int = 8


def crop_conditioning(
    conditioning: Sequence[Any], place: Place, controls: dict[int, Any] | None = None
) -> tuple[Conditioning, list[str]]:
    """Brings conditioning to a crop; nothing of what is given is changed.

    A part whose mask or area does not reach into the crop is left out. If none is left, all count, everywhere.

    Args:
        conditioning: ComfyUI's list of [tensor, options].
        place: where the crop lies.
        controls: ControlNets that are cropped already, by the id of the original; filled. ComfyUI samples positive
            and negative together only if they share their ControlNet.

    Returns:
        the conditioning for the crop, and in words what of it could not be brought there.
    """
    import torch

    notes: list[str] = []
    controls = {} if controls is None else controls
    cropped = [
        [_of_picture(entry[0], place), _crop_options(dict(entry[1] or {}), place, notes, controls), *entry[2:]]
        for entry in conditioning
    ]
    reaching = [
        entry
        for entry in cropped
        if entry[1].get("area") != _BEYOND
        and not (is_tensor(entry[1].get("mask")) and not bool(torch.count_nonzero(entry[1]["mask"])))
    ]
    if reaching or not cropped:
        return reaching, list(dict.fromkeys(notes))
    for entry in cropped:
        for name in ("area", "mask"):
            entry[1].pop(name, None)
    return cropped, list(dict.fromkeys(notes))


def _of_picture(values: Any, place: Place) -> Any:
    """What of a batch of texts belongs to the picture; ComfyUI hands them out one to a picture."""
    if is_tensor(values) and values.ndim > 1 and len(values) > 1:
        return values[place.frame % len(values)][None]
    return values


def _crop_options(options: dict[str, Any], place: Place, notes: list[str], controls: dict[int, Any]) -> dict[str, Any]:
    for name, note in _FOR_THE_WHOLE.items():
        if options.pop(name, None) is not None and note:
            notes.append(note)
    if "pooled_output" in options:
        options["pooled_output"] = _of_picture(options["pooled_output"], place)
    if is_tensor(options.get("mask")):
        options["mask"] = _crop_mask(options["mask"], place)
    if options.get("area") is not None:
        options["area"] = _crop_area(options["area"], place, notes)
    if options.get("control") is not None:
        options["control"] = _crop_control(options["control"], place, notes, controls)
    return options


def _crop_mask(mask: Tensor, place: Place) -> Tensor:
    import torch

    masks = mask.reshape(-1, *mask.shape[-2:]).float()
    one = masks[place.frame % len(masks)]
    size = (place.height, place.width)
    full = torch.nn.functional.interpolate(one[None, None], size, mode="bilinear", antialias=True)[0, 0]
    x1, y1, x2, y2 = place.crop.inside(place.width, place.height)
    return cut_mask(full[y1:y2, x1:x2], place.crop, place.width, place.height)[None]


def _crop_area(area: Sequence[Any], place: Place, notes: list[str]) -> tuple[Any, ...] | None:
    """An area as shares of the crop, ("percentage", height, width, y, x); _BEYOND if it does not reach into it."""
    if len(area) != (5 if area[0] == "percentage" else 4):
        notes.append("areas with a time, of video models, were left out")
        return None
    if area[0] == "percentage":
        high, wide, y, x = (
            float(share) * size for share, size in zip(area[1:5], (place.height, place.width) * 2, strict=True)
        )
    else:
        high, wide, y, x = (float(length) * place.latent_px for length in area[:4])
    x1, y1, x2, y2 = place.crop.region
    left, top, right, bottom = max(x, x1), max(y, y1), min(x + wide, x2), min(y + high, y2)
    if right <= left or bottom <= top:
        return _BEYOND
    box = ((left - x1) / (x2 - x1), (top - y1) / (y2 - y1), (right - x1) / (x2 - x1), (bottom - y1) / (y2 - y1))
    for _ in range(place.crop.turns):
        box = (box[1], 1 - box[2], box[3], 1 - box[0])
    return ("percentage", box[3] - box[1], box[2] - box[0], box[1], box[0])


def _crop_control(control: Any, place: Place, notes: list[str], controls: dict[int, Any]) -> Any:
    """A copy of a ControlNet, and of those before it, with the part of their hints that belongs to the crop."""
    if id(control) in controls:
        return controls[id(control)]
    hint: Any = getattr(control, "cond_hint_original", None)
    if not is_tensor(hint) or hint.ndim != 4 or not callable(getattr(control, "copy", None)):
        notes.append("a ControlNet of another pack keeps its hint for the whole picture")
        return control
    copied = controls[id(control)] = control.copy()
    copied.cond_hint_original = _crop_hint(hint, place)
    concat = getattr(control, "extra_concat_orig", None)
    if isinstance(concat, list):
        copied.extra_concat_orig = [
            _crop_hint(one, place) if is_tensor(one) and one.ndim == 4 and min(one.shape[-2:]) > 1 else one
            for one in concat
        ]
    before = getattr(control, "previous_controlnet", None)
    if before is not None:
        copied.set_previous_controlnet(_crop_control(before, place, notes, controls))
    return copied


def _crop_hint(hint: Tensor, place: Place) -> Tensor:
    """The crop's part of a hint (B, C, h, w), at the crop's size.

    ComfyUI cuts a hint of another shape than the picture to that shape, around its middle, and so does this.
    """
    import torch

    one = hint[place.frame % len(hint)]
    height, width = one.shape[-2:]
    shown = min(width / place.width, height / place.height)  # hint pixels for one of the picture
    left, top = (width - place.width * shown) / 2, (height - place.height * shown) / 2
    x1, y1, x2, y2 = place.crop.region
    columns = _places(left + x1 * shown, left + x2 * shown, width)
    rows = _places(top + y1 * shown, top + y2 * shown, height)
    part = one[:, rows][:, :, columns].float()
    turns, size = place.crop.turns, (place.crop.height, place.crop.width)
    if turns % 2:
        size = size[::-1]
    if bool((part < 0).any()):  # inpainting hints mark what is missing by -1, which must not be mixed with its like
        sized = torch.nn.functional.interpolate(part[None], size, mode="nearest-exact")[0]
    else:
        sized = resize(part.movedim(0, -1), *size).movedim(-1, 0).clamp(float(part.min()), float(part.max()))
    return torch.rot90(sized, turns, (1, 2))[None].to(hint.dtype)


def _places(low: float, high: float, size: int) -> Tensor:
    """The whole pixels from low to high, at least one, those outside replaced by the edge."""
    import torch

    start = round(low)
    return torch.arange(start, max(start + 1, round(high))).clamp(0, size - 1)
