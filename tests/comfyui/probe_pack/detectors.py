"""A detector and a consumer of SEGS that follow Impact Pack's contract, without its code."""

from collections import namedtuple

import numpy
import torch

SEG = namedtuple(
    "SEG",
    ["cropped_image", "cropped_mask", "confidence", "crop_region", "bbox", "label", "control_net_wrapper"],
    defaults=[None],
)


class Detector:
    """Finds one face, wherever it was told."""

    def __init__(self, box):
        self.box = box
        self.word = None

    def setAux(self, word):
        self.word = word

    def detect(self, image, threshold, dilation, crop_factor, drop_size=1, detailer_hook=None):
        assert self.word == "face"
        assert len(image) == 1
        height, width = image.shape[1:3]
        x1, y1, x2, y2 = self.box
        grow_x, grow_y = int((x2 - x1) * (crop_factor - 1) / 2), int((y2 - y1) * (crop_factor - 1) / 2)
        region = [max(0, x1 - grow_x), max(0, y1 - grow_y), min(width, x2 + grow_x), min(height, y2 + grow_y)]
        mask = numpy.zeros((region[3] - region[1], region[2] - region[0]), dtype=numpy.float32)
        mask[y1 - region[1] : y2 - region[1], x1 - region[0] : x2 - region[0]] = 1.0
        seg = SEG(None, mask, numpy.array([0.9], dtype=numpy.float32), region, numpy.array(self.box), "face")
        return ((height, width), [seg])

    def detect_combined(self, image, threshold, dilation):
        raise AssertionError("a detailer asks for each face, not for one mask of all")


class ProbeDetector:
    """Gives a detector of another pack."""

    RETURN_TYPES = ("BBOX_DETECTOR",)
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"box": ("STRING", {"default": "0,0,10,10"})}}

    def execute(self, box):
        return (Detector([int(side) for side in box.split(",")]),)


class ProbeDetail:
    """Does with a detector and with SEGS what a detailer of another pack does, and tells what it saw."""

    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",), "bbox_detector": ("BBOX_DETECTOR",), "segs": ("SEGS",)}}

    def execute(self, image, bbox_detector, segs):
        bbox_detector.setAux("face")
        found = bbox_detector.detect(image, 0.5, 10, 3.0, 10, detailer_hook=None)
        bbox_detector.setAux(None)
        seen = []
        for (height, width), items in (found, segs):
            assert (height, width) == tuple(image.shape[1:3])
            for seg in items:
                seg = seg._replace(label=f"{seg.label}!")
                x1, y1, x2, y2 = seg.crop_region
                crop = image.numpy()[:, y1:y2, x1:x2, :]
                mask = torch.from_numpy(seg.cropped_mask)
                assert crop.shape[1:3] == tuple(mask.shape)
                assert not isinstance(x1, float)
                seen.append([*map(int, seg.bbox), seg.label, float(seg.confidence), int(mask.sum())])
        combined = bbox_detector.detect_combined(image, 0.5, 10)
        return {"ui": {"seen": seen, "combined": [list(combined.shape), [float(combined.sum())]]}}


HINTS = []


class ProbeControl:
    """Adds a ControlNet of ComfyUI that changes nothing and writes down the hint that it is asked with."""

    RETURN_TYPES = ("CONDITIONING",)
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"positive": ("CONDITIONING",), "hint": ("IMAGE",)}}

    @classmethod
    def IS_CHANGED(cls, **_):
        return float("nan")

    def execute(self, positive, hint):
        from comfy.controlnet import ControlBase

        class Watch(ControlBase):
            def get_control(self, x_noisy, t, cond, batched_number, *_):
                HINTS.append(list(self.cond_hint_original.shape))

            def copy(self):
                copied = Watch()
                self.copy_to(copied)
                return copied

        HINTS.clear()
        control = Watch().set_cond_hint(hint[..., :3].movedim(-1, 1), 1.0)
        return ([[entry[0], {**entry[1], "control": control}] for entry in positive],)


class ProbeControlSeen:
    """Ends a graph and tells the shapes of the hints that the ControlNet was asked with."""

    RETURN_TYPES = ()
    OUTPUT_NODE = True
    FUNCTION = "execute"
    CATEGORY = "probe"

    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"image": ("IMAGE",)}}

    @classmethod
    def IS_CHANGED(cls, **_):
        return float("nan")

    def execute(self, image):
        return {"ui": {"hints": list(HINTS)}}


DETECTORS = dict(  # no literal: see __init__.py
    ProbeDetector=ProbeDetector,
    ProbeDetail=ProbeDetail,
    ProbeControl=ProbeControl,
    ProbeControlSeen=ProbeControlSeen,
)
