"""Face Paste: crops of faces that were sampled in, the pictures with them out."""

from __future__ import annotations

from typing import Any

from ..core.face_crops import FaceCrops, paste_faces, share_out
from ..core.face_words import count_faces
from ..core.values import kind_of
from .host.face_inputs import match_color_input
from .host.page import verdict
from .host.progress import stop_if_interrupted


class FacePaste:
    """Puts the crops of Face Crop back into their pictures: only what has changed, blended in around the face."""

    DISPLAY_NAME = "Face Paste"
    CATEGORY = "Switchyard/Faces"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("paste face", "stitch", "uncrop", "inpaint stitch", "composite face")
    INPUT_IS_LIST = True
    RETURN_TYPES = ("IMAGE", "MASK")
    RETURN_NAMES = ("image", "face_mask")
    OUTPUT_TOOLTIPS = (
        "The pictures with the crops put back, bit for bit the same everywhere else.",
        "What was changed: 1 where the faces are, falling to 0 around them.",
    )
    OUTPUT_IS_LIST = (True, True)
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "face_crops": ("FACE_CROPS", {"tooltip": "Where the crops come from: the output of Face Crop."}),
                "crops": ("IMAGE", {"tooltip": "What became of the crops, all of them, in order; any size."}),
                "match_color": match_color_input(),
            },
        }

    def execute(self, face_crops: list[Any], crops: list[Any], match_color: list[float]) -> dict[str, Any]:
        wrong = [origin for origin in face_crops or [None] if not isinstance(origin, FaceCrops)]
        if wrong:
            raise ValueError(f"face_crops is a {kind_of(wrong[0])}. Plug in the first output of Face Crop.")
        pasted = [
            paste_faces(origin, share, match_color[0], stop_if_interrupted)
            for origin, share in zip(face_crops, share_out(face_crops, crops), strict=True)
        ]
        words = [word for _, _, told in pasted for word in told]
        kept = [word for word in words if word != "pasted"]
        summary = f"{count_faces(len(words) - len(kept))} pasted" if words else "no face, the picture is unchanged"
        summary += f", {len(kept)} {kept[0]}" if kept else ""
        images, masks = [image for image, _, _ in pasted], [mask for _, mask, _ in pasted]
        return {"ui": verdict("face_paste", summary, faces=words), "result": (images, masks)}
