"""The object on a BBOX_DETECTOR wire: ours, with the methods that detailers of other packs call."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from .face_choice import Limits, choose
from .faces import Face, FindFaces
from .segs import SEGS, make_segs

if TYPE_CHECKING:
    from torch import Tensor

LOWEST_SCORE = 0.1
"""Faces below this are not told of at all; those from here to the threshold are, as what was nearly found."""


class BboxDetector:
    """A face detector with its settings.

    Its detect, detect_combined and setAux are what Impact Pack's nodes expect of a detector. It remembers the faces of
    the pictures that it saw last, as long as these are alive, so that a detailer does not search them again.
    """

    def __init__(self, find: FindFaces, limits: Limits, name: str) -> None:
        self.limits = limits
        self.name = name
        self._find = find
        self._last: tuple[weakref.ref[Any], Any, list[list[Face]]] | None = None

    @property
    def default_threshold(self) -> float:
        """The threshold that was set where the detector was made."""
        return self.limits.threshold

    def find_faces(self, image: Tensor) -> list[list[Face]]:
        """All faces of each picture (B, H, W, C) from LOWEST_SCORE up, best first."""
        state = (image.data_ptr(), getattr(image, "_version", None), tuple(image.shape))
        if self._last is not None and self._last[0]() is image and self._last[1] == state:
            return self._last[2]
        found = self._find(image, LOWEST_SCORE)
        self._last = (weakref.ref(image), state, found)
        return found

    def detect(
        self,
        image: Tensor,
        threshold: float | None = None,
        dilation: int = 0,
        crop_factor: float = 3.0,
        drop_size: int = 1,
        detailer_hook: Any = None,
        **_: Any,
    ) -> SEGS:
        """SEGS of the first picture of a batch, as Impact Pack's detectors give them."""
        height, width = image.shape[1:3]
        limits = self.limits._replace(
            threshold=self.limits.threshold if threshold is None else threshold,
            drop_size=max(self.limits.drop_size, drop_size),
        )
        faces = self.find_faces(image)[0]
        chosen = [faces[index] for index in choose(faces, limits, width, height).chosen]
        size, segs = make_segs(chosen, width, height, dilation, crop_factor, image[:1])
        if hasattr(detailer_hook, "post_crop_region"):
            segs = [_with_region(seg, detailer_hook, width, height) for seg in segs]
        if hasattr(detailer_hook, "post_detection"):
            return detailer_hook.post_detection((size, segs))
        return size, segs

    def detect_combined(self, image: Tensor, threshold: float | None = None, dilation: int = 0, **_: Any) -> Tensor:
        """One mask (H, W) of all faces."""
        import torch

        (height, width), segs = self.detect(image, threshold, dilation, 1.0 if dilation <= 0 else 3.0)
        mask = torch.zeros(height, width)
        for seg in segs:
            x1, y1, x2, y2 = seg.crop_region
            part = mask[y1:y2, x1:x2]
            torch.maximum(part, torch.from_numpy(seg.cropped_mask), out=part)
        return mask

    def setAux(self, x: Any) -> None:  # noqa: N802 - the name other packs call
        """Takes the word that detectors by text search for; this one only knows faces."""


def _with_region(seg: Any, hook: Any, width: int, height: int) -> Any:
    """A SEG with the region that a hook makes of its own, and the mask and picture to it."""
    region = tuple(int(side) for side in hook.post_crop_region(width, height, seg.bbox, seg.crop_region))
    if region == tuple(seg.crop_region):
        return seg
    import numpy as np

    x1, y1, x2, y2 = max(0, region[0]), max(0, region[1]), min(width, region[2]), min(height, region[3])
    mask = np.zeros((max(0, y2 - y1), max(0, x2 - x1)), dtype=np.float32)
    left, top, right, bottom = seg.crop_region
    shared = max(x1, left), max(y1, top), min(x2, right), min(y2, bottom)
    if shared[2] > shared[0] and shared[3] > shared[1]:
        mask[shared[1] - y1 : shared[3] - y1, shared[0] - x1 : shared[2] - x1] = seg.cropped_mask[
            shared[1] - top : shared[3] - top, shared[0] - left : shared[2] - left
        ]
    return seg._replace(cropped_mask=mask, crop_region=(x1, y1, x2, y2), cropped_image=None)
