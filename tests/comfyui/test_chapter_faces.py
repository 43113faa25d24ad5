"""The face pipeline that tutorials print, with the nodes before it supplied: a photograph instead of a drawn picture.

The ids, classes and inputs of the printed nodes are kept. `FaceDetailer` is nobody's node here, so ours answers.
"""

from __future__ import annotations

from graphs import node

from engine.layout import DEMO_CHECKPOINT


def face_graph():
    printed = {
        "face_detect": node("FaceDetectorDETR", image=["vae_decode", 0], threshold=0.5),
        "face_crop": node(
            "FaceDetailer",
            image=["vae_decode", 0],
            model=["checkpoint", 0],
            clip=["checkpoint", 1],
            vae=["checkpoint", 2],
            positive=["positive_prompt", 0],
            negative=["negative_prompt", 0],
            bbox_detector=["face_detect", 0],
            denoise=0.4,
            steps=15,
            cfg=7.0,
            sampler_name="euler",
            scheduler="karras",
            guide_size=384,
            feather=5,
        ),
        "save_enhanced": node("SaveImage", images=["face_crop", 0], filename_prefix="face_enhanced"),
    }
    return {
        **printed,
        "checkpoint": node("CheckpointLoaderSimple", ckpt_name=DEMO_CHECKPOINT),
        "positive_prompt": node("CLIPTextEncode", text="an astronaut, studio light", clip=["checkpoint", 1]),
        "negative_prompt": node("CLIPTextEncode", text="grain", clip=["checkpoint", 1]),
        "photograph": node("LoadImage", image="astronaut.png"),
        # A close crop: guide_size makes a face of 88 px 384 px, and the demo checkpoint is slow beyond that.
        "vae_decode": node("ImageCrop", image=["photograph", 0], width=92, height=108, x=178, y=62),
    }


def test_the_printed_graph_runs_as_printed(run, server, picture):
    assert "FaceDetailer" not in server.get("/object_info")
    graph = face_graph()
    graph["original"] = node("PreviewImage", images=["vae_decode", 0])
    result = run(graph, timeout_s=600)
    assert result.status == "success", result.error or result.node_errors
    assert {"face_detect", "face_crop", "save_enhanced"} <= set(result.started)
    assert result.verdict("face_detect")["summary"].startswith("1 face: 0.")
    (face,) = result.verdict("face_crop")["data"]["faces"]
    assert face["status"] in ("redrawn", "kept")
    assert face["scale"] > 3.5
    assert picture(result, "save_enhanced").shape == picture(result, "original").shape
    if face["status"] == "kept":
        assert (picture(result, "save_enhanced") == picture(result, "original")).all()


def test_the_server_says_who_answers(run, server):
    start = len(server.log_text())
    graph = face_graph()
    graph["face_crop"]["inputs"]["dry_run"] = True
    assert run(graph).status == "success"
    assert "no pack has FaceDetailer, so SwitchyardFaceDetailer runs" in server.log_text()[start:]


def test_inputs_that_only_impact_pack_has_are_let_be(run):
    graph = face_graph()
    graph["face_crop"]["inputs"].update(
        dry_run=True, sam_threshold=0.93, sam_detection_hint="center-1", refiner_ratio=0.2
    )
    assert run(graph).status == "success"


def test_a_missing_input_is_named_under_the_nodes_own_id(run):
    graph = face_graph()
    del graph["face_crop"]["inputs"]["vae"]
    result = run(graph)
    assert result.status == "rejected"
    assert "vae" in str(result.node_errors["face_crop"])
