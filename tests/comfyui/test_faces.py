"""Faces in a real server: with the built-in detector, with another pack's, and the way through nodes of ComfyUI."""

from __future__ import annotations

import threading
import time

import numpy
import pytest
from graphs import catch, caught, node

from engine.layout import DEMO_CHECKPOINT, NOISE_CHECKPOINT

SAMPLER = {"steps": 3, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 0.5}


def portrait(**more):
    """The head of the astronaut, 160 x 192 px, and a checkpoint."""
    return {
        "photograph": node("LoadImage", image="astronaut.png"),
        "picture": node("ImageCrop", image=["photograph", 0], width=160, height=192, x=150, y=20),
        "checkpoint": node("CheckpointLoaderSimple", ckpt_name=DEMO_CHECKPOINT),
        "positive": node("CLIPTextEncode", text="a portrait", clip=["checkpoint", 1]),
        "negative": node("CLIPTextEncode", text="blurry", clip=["checkpoint", 1]),
        "original": node("PreviewImage", images=["picture", 0]),
        **more,
    }


def detailer(**more):
    return node(
        "SwitchyardFaceDetailer",
        **{
            "image": ["picture", 0],
            "model": ["checkpoint", 0],
            "clip": ["checkpoint", 1],
            "vae": ["checkpoint", 2],
            "positive": ["positive", 0],
            "negative": ["negative", 0],
            **SAMPLER,
            "guide_size": 96,
            "max_size": 192,
            "feather": 3,
            "keep_if_worse": False,
            **more,
        },
    )


def face_crop(image):
    """Face Crop of a node's picture, with small crops."""
    sizes = {"guide_size": 64, "max_size": 128, "crop_factor": 2.0, "dilation": 10, "feather": 3}
    return node("SwitchyardFaceCrop", image=[image, 0], **sizes)


def mask_previews(name):
    """Shows the mask of a node, and where it is more than 0: in 8 bits its faint edge would be lost."""
    return {
        "mask_picture": node("MaskToImage", mask=[name, 1]),
        "mask": node("PreviewImage", images=["mask_picture", 0]),
        "touched_mask": node("ThresholdMask", mask=[name, 1], value=0.0),
        "touched_picture": node("MaskToImage", mask=["touched_mask", 0]),
        "touched": node("PreviewImage", images=["touched_picture", 0]),
    }


def detailed(**more):
    return portrait(
        detail=detailer(**more),
        save=node("SaveImage", images=["detail", 0], filename_prefix="face"),
        **mask_previews("detail"),
        after=node("PreviewImage", images=["detail", 3]),
    )


@pytest.fixture
def changed(picture):
    """What became of the picture: where it changed, and the mask, -1 where it is 0, each (H, W)."""

    def changed(result):
        assert result.status == "success", result.error or result.node_errors
        old, new, mask, touched = (picture(result, name) for name in ("original", "save", "mask", "touched"))
        return (old != new).any(-1), numpy.where(touched > 0, mask, -1)[..., 0]

    return changed


def test_a_face_is_found_and_redrawn_with_nothing_plugged_in_and_nothing_downloaded(run, changed):
    result = run(detailed())
    where, mask = changed(result)
    face = result.verdict("detail")["data"]["faces"][0]
    assert face["status"] == "redrawn"
    assert face["box"] == pytest.approx([30, 37, 121, 160], abs=8)
    assert where[mask == 255].mean() > 0.9
    assert not where[mask < 0].any()
    assert 0.1 < (mask >= 0).mean() < 0.7


def test_a_model_that_draws_noise_spoils_no_face(run, changed):
    """This checkpoint has learnt nothing: at full denoise it draws noise, and the guard keeps the old face."""
    graph = detailed(keep_if_worse=True, denoise=1.0, steps=4)
    graph["checkpoint"]["inputs"]["ckpt_name"] = NOISE_CHECKPOINT
    result = run(graph)
    where, _ = changed(result)
    verdict = result.verdict("detail")
    assert verdict["data"]["faces"][0]["status"] == "kept"
    assert "second seed" in verdict["summary"]
    assert not where.any()


def test_a_detector_of_another_pack_is_taken(run, changed):
    graph = detailed(bbox_detector=["theirs", 0])
    result = run({**graph, "theirs": node("ProbeDetector", box="20,100,70,150")})
    where, mask = changed(result)
    assert result.verdict("detail")["data"]["faces"][0]["box"] == [20, 100, 70, 150]
    assert not where[mask < 0].any()
    assert where[120:130, 40:50].mean() > 0.9


def test_our_detector_is_taken_by_another_pack(run):
    graph = portrait(
        detect=node("SwitchyardFaceDetector", image=["picture", 0], threshold=0.5),
        theirs=node("ProbeDetail", image=["picture", 0], bbox_detector=["detect", 0], segs=["detect", 1]),
    )
    result = run(graph)
    assert result.status == "success", result.error
    first, second = result.outputs["theirs"]["seen"]
    assert first == second
    assert first[4] == "face!"
    assert first[5] > 0.5
    assert result.outputs["theirs"]["combined"][0] == [192, 160]


@pytest.mark.parametrize("source", ["bboxes", "segs", "mask"])
def test_what_the_detector_gives_can_be_handed_on(run, changed, source):
    output = {"segs": 1, "bboxes": 2, "mask": 3}[source]
    graph = detailed(**{source: ["detect", output]})
    result = run({**graph, "detect": node("SwitchyardFaceDetector", image=["picture", 0], threshold=0.5)})
    where, mask = changed(result)
    assert where[mask == 255].mean() > 0.9
    assert not where[mask < 0].any()


def test_without_a_face_the_picture_stays_and_the_run_goes_on(run, picture):
    graph = detailed()
    graph["picture"] = node("EmptyImage", width=128, height=96, batch_size=1, color=0x336699)
    result = run(graph)
    assert result.status == "success", result.error
    assert (picture(result, "save") == picture(result, "original")).all()
    assert result.verdict("detail")["summary"] == "no face, the picture is unchanged"
    assert "after" not in result.outputs


def test_a_dry_run_samples_nothing(run):
    graph = portrait(detail=detailer(dry_run=True), end=catch("detail", 5))
    result = run(graph)
    assert "1 would be redrawn (dry_run)" in caught(result)[0]


def test_a_batch_keeps_its_pictures_apart(run, changed, picture):
    graph = detailed(image=["both", 0])
    graph["empty"] = node("EmptyImage", width=160, height=192, batch_size=1, color=0)
    graph["both"] = node("ImageBatch", image1=["empty", 0], image2=["picture", 0])
    result = run(graph)
    assert result.status == "success", result.error
    assert len(result.saved("save")) == 2
    assert picture(result, "save").max() == 0  # the first one has no face
    assert [face["picture"] for face in result.verdict("detail")["data"]["faces"]] == [2]


def test_the_way_through_nodes_of_comfyui(run, changed):
    """Face Crop, VAE Encode, a noise mask, KSampler, VAE Decode, Face Paste; two faces, so each node runs twice."""
    graph = portrait(
        twice=node(
            "ImageStitch",
            image1=["picture", 0],
            image2=["picture", 0],
            direction="right",
            match_image_size=True,
            spacing_width=0,
            spacing_color="white",
        ),
        crop=face_crop("twice"),
        encode=node("VAEEncode", pixels=["crop", 1], vae=["checkpoint", 2]),
        masked=node("SetLatentNoiseMask", samples=["encode", 0], mask=["crop", 2]),
        sample=node(
            "KSampler",
            model=["checkpoint", 0],
            positive=["positive", 0],
            negative=["negative", 0],
            latent_image=["masked", 0],
            seed=1,
            **SAMPLER,
        ),
        decode=node("VAEDecode", samples=["sample", 0], vae=["checkpoint", 2]),
        paste=node("SwitchyardFacePaste", face_crops=["crop", 0], crops=["decode", 0], match_color=0.8),
        save=node("SaveImage", images=["paste", 0], filename_prefix="face"),
        **mask_previews("paste"),
    )
    graph["original"] = node("PreviewImage", images=["twice", 0])
    result = run(graph)
    where, mask = changed(result)
    assert result.verdict("paste")["summary"] == "2 faces pasted"
    assert not where[mask < 0].any()
    left, right = where[:, :160], where[:, 160:]
    assert left.mean() > 0.05
    assert right.mean() > 0.05


def test_the_way_through_nodes_of_comfyui_without_a_face(run, picture):
    graph = portrait(
        crop=face_crop("picture"),
        encode=node("VAEEncode", pixels=["crop", 1], vae=["checkpoint", 2]),
        decode=node("VAEDecode", samples=["encode", 0], vae=["checkpoint", 2]),
        paste=node("SwitchyardFacePaste", face_crops=["crop", 0], crops=["decode", 0], match_color=0.8),
        save=node("SaveImage", images=["paste", 0], filename_prefix="face"),
    )
    graph["picture"] = node("EmptyImage", width=100, height=90, batch_size=1, color=0x336699)
    result = run(graph)
    assert result.status == "success", result.error
    assert (picture(result, "save") == picture(result, "original")).all()


def test_boxes_and_segs_turn_into_each_other(run):
    graph = portrait(
        detect=node("SwitchyardFaceDetector", image=["picture", 0], threshold=0.5),
        boxes=node("SwitchyardSegsToBoxes", segs=["detect", 1]),
        segs=node("SwitchyardBoxesToSegs", image=["picture", 0], dilation=10, crop_factor=3.0, bboxes=["boxes", 0]),
        end=catch("segs", 1),
    )
    assert caught(run(graph)) == ["1"]


def test_a_control_net_hint_follows_the_face(run, changed):
    """A ControlNet of ComfyUI: its hint must come to the sampler at the crop's size, and the given one must stay."""
    graph = detailed(positive=["controlled", 0])
    graph["controlled"] = node("ProbeControl", positive=["positive", 0], hint=["picture", 0])
    graph["seen"] = node("ProbeControlSeen", image=["detail", 0])
    result = run(graph)
    changed(result)
    shapes = result.outputs["seen"]["hints"]
    width, height = result.verdict("detail")["data"]["faces"][0]["work_size"]
    assert shapes
    assert all(shape == [1, 3, height, width] for shape in shapes)
    assert result.verdict("detail")["data"]["notes"] == []


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"model": "models/nothing.pt"}, "There is no face detection model"),
        ({"threshold": 1.5}, "bigger than max"),
    ],
)
def test_wrong_settings_are_refused_before_anything_runs(run, wrong, problem):
    graph = portrait(
        detect=node("SwitchyardFaceDetector", **{"image": ["picture", 0], "threshold": 0.5, **wrong}),
        end=catch("detect", 4),
    )
    del graph["original"]  # ComfyUI runs what is valid of a graph
    result = run(graph)
    assert result.status == "rejected"
    assert problem in str(result.node_errors)


def test_the_same_seed_gives_the_same_face(run, picture):
    """Also after the server has forgotten everything."""
    pictures = []
    for seed in (3, 3, 4):
        run({"nothing": node("EmptyImage", width=8, height=8, batch_size=1, color=0), "end": catch("nothing")})
        pictures.append(picture(run(detailed(seed=seed)), "save"))
    assert (pictures[0] == pictures[1]).all()
    assert numpy.abs(pictures[0] - pictures[2]).max() > 0


def test_an_interrupted_run_leaves_nothing_behind(run, server, changed):
    """Interrupt comes while the first of many steps is sampled; the next run is as if there had been none."""

    def interrupt():
        while "face 1 of 1" not in server.log_text()[start:]:
            time.sleep(0.1)
        time.sleep(1)
        server.post("/interrupt", {})

    start = len(server.log_text())
    waiting = threading.Thread(target=interrupt)
    waiting.start()
    result = run(detailed(steps=2000, denoise=1.0))
    waiting.join()
    assert result.status == "interrupted"
    assert result.saved("save") == []
    where, _ = changed(run(detailed(seed=11)))
    assert where.any()


def test_a_list_of_pictures_comes_back_as_a_list_with_each_of_them(run):
    """Rebatch Images makes a list: Face Crop runs for each, Face Paste once for all."""
    graph = portrait(
        empty=node("EmptyImage", width=160, height=192, batch_size=1, color=0x336699),
        both=node("ImageBatch", image1=["empty", 0], image2=["picture", 0]),
        apart=node("RebatchImages", images=["both", 0], batch_size=1),
        crop=face_crop("apart"),
        inverted=node("ImageInvert", image=["crop", 1]),
        paste=node("SwitchyardFacePaste", face_crops=["crop", 0], crops=["inverted", 0], match_color=0.0),
        save=node("SaveImage", images=["paste", 0], filename_prefix="face"),
    )
    result = run(graph)
    assert result.status == "success", result.error or result.node_errors
    assert result.verdict("paste")["summary"] == "1 face pasted"
    assert len(result.saved("save")) == 2
