"""Folders of the DETR family: tiny ones made by transformers, whose own reading of their numbers is the measure.

Here and not in tests/nodes, because importing transformers' models takes seconds.
"""

from __future__ import annotations

import json

import pytest
import torch
from switchyard_pack.core.faces import Face, clamp_box, suppress
from switchyard_pack.nodes.host.detr_models import FAMILIES, framed, load_detr, wanted_sides

transformers = pytest.importorskip("transformers")

TWO = {"id2label": {0: "person", 1: "face"}, "label2id": {"person": 0, "face": 1}}
_SMALL = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
_HEADS = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "num_queries": 12}
_RESNET = {"embedding_size": 8, "hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "layer_type": "basic"}


def _resnet(**more):
    return transformers.ResNetConfig(**_RESNET, **more)


def _rt_detr_resnet():
    sizes = {"embedding_size": 8, "hidden_sizes": [8, 16, 16, 16], "depths": [1, 1, 1, 1], "layer_type": "basic"}
    return transformers.RTDetrResNetConfig(**sizes, out_features=["stage2", "stage3", "stage4"])


_RT = {
    "d_model": 32,
    "encoder_hidden_dim": 32,
    "encoder_in_channels": [16, 16, 16],
    "encoder_ffn_dim": 32,
    "encoder_attention_heads": 2,
    "decoder_in_channels": [32, 32, 32],
    "decoder_ffn_dim": 32,
    "decoder_attention_heads": 2,
    "decoder_layers": 2,
    "num_queries": 20,
    "num_denoising": 0,
}


def _config(family):
    if family == "yolos":
        sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
        return transformers.YolosConfig(**sizes, num_detection_tokens=12, image_size=[64, 96], **TWO)
    if family in ("detr", "conditional_detr", "table-transformer"):
        kind = {
            "detr": transformers.DetrConfig,
            "conditional_detr": transformers.ConditionalDetrConfig,
            "table-transformer": transformers.TableTransformerConfig,
        }[family]
        backbone = {"use_timm_backbone": False, "backbone": None, "backbone_config": _resnet(out_features=["stage4"])}
        return kind(**_SMALL, **_HEADS, **backbone, **TWO)
    if family == "deformable_detr":
        backbone = {"use_timm_backbone": False, "backbone": None}
        levels = _resnet(out_features=["stage2", "stage3", "stage4"])
        return transformers.DeformableDetrConfig(
            **{**_SMALL, "decoder_layers": 2}, **_HEADS, **backbone, backbone_config=levels, **TWO
        )
    kind = transformers.RTDetrConfig if family == "rt_detr" else transformers.RTDetrV2Config
    return kind(**_RT, backbone_config=_rt_detr_resnet(), **TWO)


def _save(folder, family, settings=None):
    """A model of random weights whose scores differ, as transformers saves it."""
    torch.manual_seed(5)
    model = transformers.AutoModelForObjectDetection.from_config(_config(family)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.add_(torch.randn_like(parameter) * 0.15)
        for name, parameter in model.named_parameters():
            if name.endswith("class_labels_classifier.bias"):
                parameter[1] += 2  # else all may see nothing
            if "query_position" in name:
                parameter.mul_(20)  # else all see nearly the same
    model.save_pretrained(str(folder))
    if settings is not None:
        (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return model


@pytest.fixture(scope="module")
def yolos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("yolos")
    _save(folder, "yolos")
    return folder


@pytest.fixture
def folder(yolos, tmp_path):
    """A copy of a good folder, to be spoilt."""
    for path in yolos.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def _edit(path, **changes):
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**content, **changes}), encoding="utf-8")


SETTINGS = {
    "yolos": {"size": {"shortest_edge": 64, "longest_edge": 100}},
    "detr": {"size": {"shortest_edge": 64, "longest_edge": 100}},
    "table-transformer": {"size": 64, "max_size": 100},
    "conditional_detr": {"size": {"height": 64, "width": 96}},
    "deformable_detr": {"size": {"height": 64, "width": 96}},
    "rt_detr": {"size": {"height": 96, "width": 96}},
    "rt_detr_v2": {"size": {"height": 96, "width": 96}, "do_normalize": True},
}
PROCESSORS = {"conditional_detr": "ConditionalDetr", "deformable_detr": "DeformableDetr", "rt_detr": "RTDetr"}


@pytest.mark.parametrize("family", list(SETTINGS))
def test_boxes_are_those_of_transformers_itself(tmp_path, family):
    model = _save(tmp_path, family, SETTINGS[family])
    detector = load_detr(tmp_path, "own")
    pictures = torch.rand(2, 3, 80, 120, generator=torch.Generator().manual_seed(1))
    prepared = framed(pictures, detector._framing)
    with torch.no_grad():
        outputs = model(pixel_values=prepared)
    name = PROCESSORS.get(family, PROCESSORS["rt_detr"] if family == "rt_detr_v2" else "Detr")
    processor = getattr(transformers, f"{name}ImageProcessor")()
    wanted = processor.post_process_object_detection(outputs, threshold=0.0, target_sizes=[(80, 120)] * 2)
    found = detector(pictures, 0.0)
    for faces, of_picture in zip(found, wanted, strict=True):
        # Theirs are the best of all classes together, so those that we find of lower scores are not among them.
        boxes, scores, labels = (of_picture[key].tolist() for key in ("boxes", "scores", "labels"))
        lowest = -1 if FAMILIES[family].is_softmax else min(scores)
        theirs = suppress(
            [Face(box, score) for box, score, label in zip(boxes, scores, labels, strict=True) if label], 0.5
        )
        theirs = [(clamp_box(face.box, 120, 80), face.score) for face in theirs]
        theirs = [(box, score) for box, score in theirs if box is not None and score > lowest]
        assert theirs
        for face, (box, score) in zip(faces, theirs, strict=False):
            assert face.label == "face"
            assert face.score == pytest.approx(score, abs=1e-5)
            assert face.box == pytest.approx(box, abs=1e-3)
        assert len(faces) >= len(theirs)


def test_pictures_are_framed_as_transformers_does(tmp_path):
    settings = {"size": {"shortest_edge": 64, "longest_edge": 100}}
    _save(tmp_path, "detr", settings)
    picture = (torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(2)) * 255).round()
    smooth = torch.nn.functional.interpolate(picture, (90, 120), mode="bicubic").clamp(0, 255).to(torch.uint8)
    theirs = transformers.DetrImageProcessor(**settings)(images=list(smooth), return_tensors="pt")["pixel_values"]
    ours = framed(smooth.float() / 255, load_detr(tmp_path, "own")._framing)
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() < 0.02  # theirs is rounded to 1/255, then divided by 0.225


def test_without_settings_the_family_says_how_pictures_are_shown(yolos):
    framing = load_detr(yolos, "own")._framing
    assert framing.size == {"shortest_edge": 800, "longest_edge": 1333}
    assert framing.mean == (0.485, 0.456, 0.406)
    assert FAMILIES["rt_detr"].size == {"height": 640, "width": 640}
    assert not FAMILIES["rt_detr"].is_normalized


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 2)])
def test_thin_pictures_are_no_error(folder, size):
    _edit(folder / "preprocessor_config.json", size={"shortest_edge": 64, "longest_edge": 96})
    height, width = size
    for face in load_detr(folder, "own")(torch.rand(1, 3, height, width), 0.0)[0]:
        x1, y1, x2, y2 = face.box
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height


def test_sides_keep_the_proportions():
    size = {"shortest_edge": 800, "longest_edge": 1333}
    assert wanted_sides(512, 512, size) == (800, 800)
    assert wanted_sides(1080, 1920, size) == (750, 1333)
    assert wanted_sides(1, 5000, size) == (32, 1333)
    assert wanted_sides(5, 9, {"height": 640, "width": 512}) == (640, 512)


def test_code_that_comes_with_a_model_is_refused_and_not_run(folder, tmp_path):
    mark = tmp_path / "exploded"
    (folder / "modeling.py").write_text(f"open({str(mark)!r}, 'w')", encoding="utf-8")
    auto_map = {"AutoModelForObjectDetection": "modeling.Model", "AutoImageProcessor": "modeling.Processor"}
    _edit(folder / "preprocessor_config.json", auto_map=auto_map)
    with pytest.raises(ValueError, match=r"^own can't be used: its preprocessor_config\.json asks for Python code"):
        load_detr(folder, "own")
    _edit(folder / "config.json", auto_map=auto_map)
    with pytest.raises(ValueError, match=r"^own can't be used: its config\.json asks for Python code .* \(auto_map\)"):
        load_detr(folder, "own")
    assert not mark.exists()


def test_pickles_are_refused(folder, tmp_path):
    class Bomb:
        def __reduce__(self):
            return __import__("os").mkdir, (str(tmp_path / "exploded"),)

    (folder / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"^own can't be used: there are no weights in it\. Only safetensors are read"):
        load_detr(folder, "own")
    torch.save({"weight": Bomb()}, folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"its weights are a pickle \(pytorch_model\.bin\), which can run code"):
        load_detr(folder, "own")
    assert not (tmp_path / "exploded").exists()


def test_a_file_that_was_cut_off_is_told(folder):
    whole = (folder / "model.safetensors").read_bytes()
    for length in (0, 5, 100, len(whole) - 1):
        (folder / "model.safetensors").write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"its model\.safetensors is damaged or was cut off\. Get it anew"):
            load_detr(folder, "own")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"model_type": "bert"}, "model_type 'bert'.*detr, .*yolos"),
        ({"model_type": None}, "model_type None"),
        ({"model_type": ["detr"]}, "model_type"),
        ({"quantization_config": {}}, "quantized"),
        ({"hidden_size": 64}, "could not load it"),
        ({"num_hidden_layers": 3}, "not all that its config.json describes|could not load it"),
        ({"model_type": "detr"}, "timm|not all that|could not load it"),
        ({"model_type": "rt_detr", "backbone": "someone/something"}, "a model that is kept elsewhere"),
        ({"id2label": {"0": "person", "1": "car"}}, "it finds person, car, and no face or head"),
    ],
)
def test_a_wrong_config_is_told(folder, changes, problem):
    _edit(folder / "config.json", **changes)
    with pytest.raises(ValueError, match=rf"^own can't be used: .*({problem})"):
        load_detr(folder, "own")


@pytest.mark.parametrize("content", ["", "{", "[]", "5", "\x00", '{"a": ' * 20_000])
def test_a_config_that_is_none_is_told(folder, content):
    (folder / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"^own can't be used: its config\.json"):
        load_detr(folder, "own")


@pytest.mark.parametrize(
    "settings",
    [
        {"size": {"height": 10, "width": 10}},
        {"size": {"shortest_edge": 800}},
        {"size": 99999},
        {"size": "large"},
        {"size": {"height": 1e9, "width": 640}},
        {"do_normalize": True, "image_mean": [1, 2]},
        {"do_normalize": True, "image_std": [0, 0, 0]},
        {"do_normalize": True, "image_std": "x"},
    ],
)
def test_settings_that_make_no_sense_are_told(folder, settings):
    _edit(folder / "preprocessor_config.json", **settings)
    with pytest.raises(ValueError, match=r"^own can't be used: its preprocessor_config\.json gives"):
        load_detr(folder, "own")


def test_timm_is_told_where_it_is_missing(folder):
    _edit(folder / "config.json", model_type="detr", use_timm_backbone=True, backbone="resnet50")
    with pytest.raises(
        ValueError, match=r"needs the Python package timm, which is not installed .* Nothing was installed"
    ):
        load_detr(folder, "own")
