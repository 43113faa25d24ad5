"""The demo's part about faces: found without a download, edited in place, kept where a model would spoil them, redrawn.

Two graphs: a photograph, of which the demo model knows nothing, and a portrait that it draws itself.
"""

from __future__ import annotations

from .console import SandboxError, say
from .demo_drawings import drawing
from .demo_steps import node, run_whole, say_saved, side_by_side
from .layout import DEMO_CHECKPOINT
from .run import Graph, Run
from .server import Server

DRAWN, FACE_SEED = "photo, portrait of a smiling woman with black hair", 2
_REDRAWN = {
    "denoise": 0.35,
    "bbox_crop_factor": 3.0,
    "steps": 12,
    "cfg": 4.0,
    "sampler_name": "euler",
    "scheduler": "simple",
    "guide_size": 128,
    "feather": 5,
    "max_size": 256,
}
_CUT = {"guide_size": 96, "max_size": 256, "crop_factor": 2.0, "dilation": 10, "feather": 5}


def faces(photograph: str) -> Graph:
    """Finds the face of a portrait, blurs it alone, and has the demo checkpoint try to redraw it."""
    return {
        "photograph": node("LoadImage", image=photograph),
        "detector": node("SwitchyardFaceDetector", image=["photograph", 0], threshold=0.5),
        "found": node("SaveImage", images=["detector", 5], filename_prefix="switchyard_faces_found"),
        "crop": node("SwitchyardFaceCrop", image=["photograph", 0], bbox_detector=["detector", 0], **_CUT),
        "blur": node("ImageBlur", image=["crop", 1], blur_radius=20, sigma=9.0),
        "paste": node("SwitchyardFacePaste", face_crops=["crop", 0], crops=["blur", 0], match_color=0.0),
        "side_by_side": side_by_side("photograph", "paste"),
        "before_and_after": node("SaveImage", images=["side_by_side", 0], filename_prefix="switchyard_face_blurred"),
        "checkpoint": node("CheckpointLoaderSimple", ckpt_name=DEMO_CHECKPOINT),
        "prompt": node("CLIPTextEncode", text="a portrait", clip=["checkpoint", 1]),
        "detailer": node(
            "SwitchyardFaceDetailer",
            image=["photograph", 0],
            model=["checkpoint", 0],
            clip=["checkpoint", 1],
            vae=["checkpoint", 2],
            positive=["prompt", 0],
            negative=["prompt", 0],
            bbox_detector=["detector", 0],
            **{**_REDRAWN, "denoise": 0.6},
        ),
        "detailed": node("SaveImage", images=["detailer", 0], filename_prefix="switchyard_face_detailed"),
    }


def drawn_face() -> Graph:
    """Draws a portrait, enlarges it, and has the face drawn anew at twice the size."""
    return {
        **drawing(DRAWN, seed=FACE_SEED),
        "large": node("ImageScaleBy", image=["picture", 0], upscale_method="lanczos", scale_by=2.0),
        "detector": node("SwitchyardFaceDetector", image=["large", 0], threshold=0.4),
        "portrait": node("CLIPTextEncode", text=DRAWN, clip=["checkpoint", 1]),
        "detailer": node(
            "SwitchyardFaceDetailer",
            image=["large", 0],
            model=["checkpoint", 0],
            clip=["checkpoint", 1],
            vae=["checkpoint", 2],
            positive=["portrait", 0],
            negative=["negative", 0],
            bbox_detector=["detector", 0],
            **_REDRAWN,
        ),
        "side_by_side": side_by_side("large", "detailer"),
        "both": node("SaveImage", images=["side_by_side", 0], filename_prefix="switchyard_face_drawn"),
    }


def report_faces(server: Server, photograph: str) -> None:
    """Runs both graphs and prints what was found, what became of the faces, and the saved files.

    Raises:
        SandboxError: a run failed, no face was found, the spoilt face was not kept out of the photograph, or the drawn
            one was not redrawn.
    """
    run = run_whole(server, faces(photograph))
    for name in ("detector", "paste", "detailer"):
        say(f"  {name:10} {run.verdict(name)['summary']}")
    say_saved(server, run, "found", "before_and_after", "detailed")
    _expect(run, "kept")
    say("Run 8: a face that the demo model drew itself, enlarged (left) and drawn anew at twice the size (right).")
    run = run_whole(server, drawn_face())
    for name in ("detector", "detailer"):
        say(f"  {name:10} {run.verdict(name)['summary']}")
    say_saved(server, run, "both")
    _expect(run, "redrawn")


def _expect(run: Run, status: str) -> None:
    became = [face["status"] for face in run.verdict("detailer")["data"]["faces"]]
    if became != [status]:
        raise SandboxError(f"one face should have been {status}, but of the faces found became: {became}")
