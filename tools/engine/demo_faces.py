"""The demo's part about faces: found without a download, edited in place, and kept where a model would spoil them."""

from __future__ import annotations

import time
from typing import Any

from .console import SandboxError, say, show_seconds
from .layout import DEMO_CHECKPOINT
from .run import Graph, run_graph
from .server import Server

_CUT = {"guide_size": 96, "max_size": 256, "crop_factor": 2.0, "dilation": 10, "feather": 5}


def _node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs}


def faces(photograph: str) -> Graph:
    """Finds the face of a portrait, blurs it alone, and has the demo checkpoint try to redraw it."""
    return {
        "photograph": _node("LoadImage", image=photograph),
        "detector": _node("SwitchyardFaceDetector", image=["photograph", 0], threshold=0.5),
        "found": _node("SaveImage", images=["detector", 5], filename_prefix="switchyard_faces_found"),
        "crop": _node("SwitchyardFaceCrop", image=["photograph", 0], bbox_detector=["detector", 0], **_CUT),
        "blur": _node("ImageBlur", image=["crop", 1], blur_radius=20, sigma=9.0),
        "paste": _node("SwitchyardFacePaste", face_crops=["crop", 0], crops=["blur", 0], match_color=0.0),
        "side_by_side": _node(
            "ImageStitch",
            image1=["photograph", 0],
            image2=["paste", 0],
            direction="right",
            match_image_size=True,
            spacing_width=8,
            spacing_color="white",
        ),
        "before_and_after": _node("SaveImage", images=["side_by_side", 0], filename_prefix="switchyard_face_blurred"),
        "checkpoint": _node("CheckpointLoaderSimple", ckpt_name=DEMO_CHECKPOINT),
        "prompt": _node("CLIPTextEncode", text="a portrait", clip=["checkpoint", 1]),
        "detailer": _node(
            "SwitchyardFaceDetailer",
            image=["photograph", 0],
            model=["checkpoint", 0],
            clip=["checkpoint", 1],
            vae=["checkpoint", 2],
            positive=["prompt", 0],
            negative=["prompt", 0],
            denoise=0.6,
            steps=4,
            cfg=1.0,
            sampler_name="euler",
            scheduler="normal",
            guide_size=96,
            feather=5,
            bbox_detector=["detector", 0],
            max_size=192,
        ),
        "detailed": _node("SaveImage", images=["detailer", 0], filename_prefix="switchyard_face_detailed"),
    }


def report_faces(server: Server, photograph: str) -> None:
    """Runs the graph and prints what was found, what became of the face, and the saved files.

    Raises:
        SandboxError: the run failed, no face was found, or the spoilt face was not kept out of the picture.
    """
    began = time.monotonic()
    run = run_graph(server, faces(photograph))
    if run.status != "success":
        raise SandboxError(f"the run ended with {run.status}: {run.error} ({run.error_node or run.node_errors})")
    for name in ("detector", "paste", "detailer"):
        say(f"  {name:10} {run.verdict(name)['summary']}")
    for name in ("found", "before_and_after", "detailed"):
        for file in run.saved(name):
            say(f"  saved      {server.base / 'output' / file}")
    say(f"  took       {show_seconds(time.monotonic() - began)}")
    redrawn = run.verdict("detailer")["data"]["faces"]
    if [face["status"] for face in redrawn] != ["kept"]:
        raise SandboxError("one face should have been found, and kept as it was")
