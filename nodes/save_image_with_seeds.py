"""Save Image with Seeds: saves what came through a Quality Gate so that it can be made again."""

from __future__ import annotations

import logging
from typing import Any

from ..core.picture_metadata import Source, metadata_for_pictures
from .host.node_classes import declared_inputs, is_lazy, output_type, takes_lists
from .host.page import verdict
from .host.pictures import count_pictures, save_pictures


class SaveImageWithSeeds:
    """Saves pictures with the seeds that a Quality Gate found, so that each file makes its own picture again."""

    DISPLAY_NAME = "Save Image with Seeds"
    CATEGORY = "Switchyard/Quality"
    DESCRIPTION = __doc__
    SEARCH_ALIASES = ("save image", "provenance", "metadata", "reproduce", "winning seed", "png info")
    INPUT_IS_LIST = True
    RETURN_TYPES = ()
    RETURN_NAMES = ()
    OUTPUT_TOOLTIPS = ()
    OUTPUT_NODE = True
    FUNCTION = "execute"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {
            "required": {
                "images": ("IMAGE", {"tooltip": "The pictures to save, one, a batch, or a list of any sizes."}),
                "filename_prefix": (
                    "STRING",
                    {
                        "default": "ComfyUI",
                        "tooltip": "Begins the files' names; may hold a folder, and placeholders such as "
                        "%date:yyyy-MM-dd% or %Empty Latent Image.width%.",
                    },
                ),
            },
            "optional": {
                "report": (
                    "STRING",
                    {
                        "forceInput": True,
                        "tooltip": "Tells what a Quality Gate did that is behind a switch; every other gate is found "
                        "without it.",
                    },
                ),
            },
            "hidden": {"prompt": "PROMPT", "extra_pnginfo": "EXTRA_PNGINFO", "unique_id": "UNIQUE_ID"},
        }

    def execute(
        self,
        images: Any,
        filename_prefix: Any = ("ComfyUI",),
        report: Any = (),
        prompt: Any = (None,),
        extra_pnginfo: Any = (None,),
        unique_id: Any = ("",),
        **linked: Any,
    ) -> dict[str, Any]:
        reports = [*report, *(text for texts in linked.values() for text in texts)]
        source = Source(unique_id[0], prompt[0], extra_pnginfo[0] or {}, reports, bool(report))
        count = count_pictures(images)
        metadata, warnings = metadata_for_pictures(source, count, is_lazy, declared_inputs, output_type, takes_lists)
        saved = save_pictures(images, filename_prefix, metadata)
        for warning in warnings:
            logging.warning("Switchyard: node %s: %s", unique_id[0], warning)
        line = "; ".join([f"saved {len(saved)} picture{'' if len(saved) == 1 else 's'}", *warnings])
        ui = verdict("save_image", line, warnings=warnings, files=[one["filename"] for one in saved])
        return {"ui": {"images": saved, **ui}}
