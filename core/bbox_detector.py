"""The object on a BBOX_DETECTOR wire: ours, with the methods that detailers of other packs call."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from .face_choice import Limits, choose
from .faces import Face, FindFaces
from .segs import SEGS, Found, boxes_mask, make_segs

if TYPE_CHECKING:
    from torch import Tensor

LOWEST_SCORE = 0.1
"""Faces below this are not told of at all; those from here to the threshold are, as what was nearly found."""

_SAMPLES = 4000


class BboxDetector:
    """A face detector with its settings.

    Its detect, detect_combined and setAux are what Impact Pack's nodes expect of a detector. It remembers the faces of
    the pictures that it saw last, as long as these are alive, so that a detailer does not search them again.
    """

    def __init__(self, find: FindFaces, limits: Limits, name: str) -> None:
        self.limits = limits
        self.name = name
        self.find = find
        self._last: tuple[weakref.ref[Any], Any, list[list[Face]]] | None = None

    @property
    def default_threshold(self) -> float:
        """The threshold that was set where the detector was made."""
        return self.limits.threshold

    def find_faces(self, image: Tensor) -> list[list[Face]]:
        """All faces of each picture (B, H, W, C) from LOWEST_SCORE up, best first."""
        state = (tuple(image.shape), _samples(image))
        if self._last is not None and self._last[0]() is image and self._last[1] == state:
            return self._last[2]
        found = self.find(image, LOWEST_SCORE)
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
        chosen = self._chosen(image, limits)
        change = getattr(detailer_hook, "post_crop_region", None)
        change_region = None if change is None else lambda box, region: change(width, height, box, region)
        segs = make_segs(
            [Found(face) for face in chosen], width, height, dilation, crop_factor, image[:1], change_region
        )
        finish = getattr(detailer_hook, "post_detection", None)
        return segs if finish is None else finish(segs)

    def detect_combined(self, image: Tensor, threshold: float | None = None, dilation: int = 0, **_: Any) -> Tensor:
        """One mask (H, W) of all faces of the first picture of a batch."""
        height, width = image.shape[1:3]
        limits = self.limits._replace(threshold=self.limits.threshold if threshold is None else threshold)
        return boxes_mask(self._chosen(image, limits), (0, 0, width, height), dilation)

    def _chosen(self, image: Tensor, limits: Limits) -> list[Face]:
        faces = self.find_faces(image)[0]
        return [faces[index] for index in choose(faces, limits, image.shape[2], image.shape[1]).chosen]

    def setAux(self, x: Any) -> None:  # noqa: N802 - the name other packs call
        """Takes the word that detectors by text search for; this one only knows faces."""


def _samples(image: Tensor) -> list[float]:
    """Some thousand values of pictures, by which a change in place is noticed: torch does not count them for us in
    the inference mode that ComfyUI runs nodes in."""
    flat = image.flatten()
    return flat[:: max(1, len(flat) // _SAMPLES)].tolist()
