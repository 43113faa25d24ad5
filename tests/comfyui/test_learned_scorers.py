"""The scorers that use a CLIP, in a real server: on ComfyUI's own classes, with small random weights.

Point 7 of how a learned scorer is verified besides: SigLIP's pooling head against transformers.
"""

from __future__ import annotations

import json
import pickle

import pytest
import torch
from graphs import catch, caught, node
from switchyard_pack.core.map_pooling import MATCH, PREFIX, pool_patches, read_pooling

HEAD = "sa_0_4_vit_l_14_linear.pth"


def scorers(width=32, **inputs):
    """The three scorers that need a text, on one picture, one vision model and one CLIP."""
    return {
        "picture": node("LoadImage", image="astronaut.png"),
        "vision": node("ProbeClipVision", kind="clip", width=width, seed=1),
        "clip": node("ProbeClip", width=32, seed=2, has_projection=inputs.pop("has_projection", True)),
        "prompt": scorer("SwitchyardPromptScore", prompt="an astronaut", **inputs),
        "iqa": scorer("SwitchyardClipIqaScore"),
        "preference": scorer("SwitchyardPreferenceScore", prompt="an astronaut", model="PickScore v1"),
        "forwards": node(
            "ProbeForwards",
            clip_vision=["vision", 0],
            after_1=["prompt", 0],
            after_2=["iqa", 0],
            after_3=["preference", 0],
        ),
    }


def scorer(class_type, **inputs):
    return node(class_type, image=["picture", 0], clip_vision=["vision", 0], clip=["clip", 0], **inputs)


def only(graph, *names):
    kept = {name: graph[name] for name in ("picture", "vision", "clip", *names)}
    return {**kept, "end": catch(names[-1]), "report": catch(names[-1], 3)}


def test_three_scorers_share_one_forward_and_a_second_run_needs_none(run):
    result = run(scorers())
    assert result.status == "success", result.error
    assert result.outputs["forwards"]["forwards"] == [[1]]
    prompt, iqa, preference = result.outputs["forwards"]["after"][0]
    assert 0 <= prompt <= 1
    assert 0 < iqa < 1
    assert -100 <= preference <= 100
    assert result.verdict("prompt")["kind"] == "prompt_score"
    assert result.verdict("preference")["summary"].endswith("(1 picture, for ranking)")
    again = run(scorers(threshold=0.1))
    assert again.outputs["forwards"]["forwards"] == [[1]]
    assert "prompt" in again.started
    assert "vision" not in again.started


def test_the_scores_are_those_of_the_formulas_on_the_same_vectors(run):
    """The cosine of Prompt Score without a prefix is PickScore's raw score over 100."""
    graph = scorers(prefix="")
    result = run({**only(graph, "preference", "prompt"), "raw": catch("preference")})
    assert result.status == "success", result.error
    (cosine,) = [picture["cosine"] for picture in json.loads(result.outputs["report"]["texts"][0])["images"]]
    assert float(caught(result, "raw")[0]) == pytest.approx(100 * cosine, abs=1e-3)
    assert float(caught(result)[0]) == pytest.approx(min(1, 2.5 * max(cosine, 0)), abs=1e-5)


def test_a_clip_without_its_text_projection_is_a_red_node(run):
    result = run(only(scorers(has_projection=False), "prompt"))
    assert (result.status, result.error_node) == ("error", "prompt")
    assert "This CLIP file has no text projection (clip_l: its values spread by" in result.error


def test_a_clip_of_another_size_is_a_red_node(run):
    result = run(only(scorers(width=48), "prompt"))
    assert (result.status, result.error_node) == ("error", "prompt")
    assert "gives 48 numbers a picture, but the CLIP gives 32 (clip_l) a text" in result.error


@pytest.fixture(scope="module")
def aesthetic(server):
    """The folder of heads of the server, with one head in it that gives 6.6 for every picture."""
    folder = server.base / "models" / "aesthetic"
    folder.mkdir(exist_ok=True)
    torch.save({"weight": torch.zeros(1, 768), "bias": torch.tensor([6.6])}, folder / HEAD)
    return folder


def aesthetic_graph(head=HEAD, kind="clip", width=768, **inputs):
    graph = {
        "picture": node("LoadImage", image="astronaut.png"),
        "vision": node("ProbeClipVision", kind=kind, width=width, seed=1),
        "score": node("SwitchyardAestheticScore", image=["picture", 0], clip_vision=["vision", 0], head=head, **inputs),
    }
    return {**graph, "end": catch("score"), "passed": catch("score", 1), "report": catch("score", 3)}


def test_a_head_of_the_models_folder_scores(run, server, aesthetic):
    info = server.get("/object_info/SwitchyardAestheticScore")["SwitchyardAestheticScore"]["input"]
    assert HEAD in info["required"]["head"][0]
    assert info["optional"]["siglip_file"][0][0] == "none"
    result = run(aesthetic_graph())
    assert result.status == "success", result.error
    assert float(caught(result)[0]) == pytest.approx(0.8147, abs=1e-3)
    assert caught(result, "passed") == ["True"]
    assert json.loads(result.outputs["report"]["texts"][0])["images"][0]["raw"] == pytest.approx(6.6)
    assert result.verdict("score")["summary"] == "0.8148 passes 0.8"


def test_a_head_that_is_replaced_is_read_again(run, aesthetic):
    name = "replaced.pth"
    for raw, score in ((5.0, 0.5), (6.6, 0.8147)):
        torch.save({"weight": torch.zeros(1, 768), "bias": torch.tensor([raw])}, aesthetic / name)
        assert float(caught(run(aesthetic_graph(name)))[0]) == pytest.approx(score, abs=1e-3)
    again = run(aesthetic_graph(name))
    assert again.started == []


def test_a_head_that_is_not_there_is_refused_before_anything_runs(run, aesthetic):
    result = run(aesthetic_graph("gone.pth"))
    assert result.status == "rejected"
    (problem,) = result.node_errors["score"]["errors"]
    assert "There is no aesthetic head 'gone.pth' in models/aesthetic: there is " in problem["details"]
    assert HEAD in problem["details"]


class Bomb:
    def __reduce__(self):
        return print, ("exploded",)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("page.pth", b"<!DOCTYPE html><html></html>", "page.pth is a web page, not weights"),
        ("bomb.pth", pickle.dumps({"weight": Bomb()}, protocol=2), "bomb.pth holds more than weights"),
        ("empty.safetensors", b"", "empty.safetensors is empty"),
        ("torn.safetensors", b"\xff" * 64, "torn.safetensors could not be read as weights"),
        ("torn.pth", b"PK\x03\x04 torn", "torn.pth could not be read as weights"),
    ],
)
def test_a_file_that_is_no_head_is_a_red_node(run, server, aesthetic, name, content, problem):
    (aesthetic / name).write_bytes(content)
    result = run(aesthetic_graph(name))
    assert (result.status, result.error_node) == ("error", "score")
    assert problem in result.error
    assert "exploded" not in server.log_text()


def test_a_head_for_another_model_is_a_red_node(run, aesthetic):
    result = run(aesthetic_graph(width=1024))
    assert (result.status, result.error_node) == ("error", "score")
    assert "takes 768 numbers a picture, but the CLIP vision model gives 1024. Load CLIP ViT-L/14" in result.error


def pooling_weights(width, **changes):
    weights = {
        "probe": torch.zeros(1, 1, width),
        "attention.in_proj_weight": torch.zeros(3 * width, width),
        "attention.in_proj_bias": torch.zeros(3 * width),
        "attention.out_proj.weight": torch.zeros(width, width),
        "attention.out_proj.bias": torch.zeros(width),
        "layernorm.weight": torch.ones(width),
        "layernorm.bias": torch.zeros(width),
        "mlp.fc1.weight": torch.zeros(8, width),
        "mlp.fc1.bias": torch.zeros(8),
        "mlp.fc2.weight": torch.zeros(width, 8),
        "mlp.fc2.bias": torch.ones(width),
    }
    return {**{PREFIX + name: weight for name, weight in weights.items()}, MATCH: torch.ones(width), **changes}


def test_the_head_v2_5_scores_on_siglip_with_the_pooling_of_its_file(run, server, aesthetic):
    from safetensors.torch import save_file

    shapes = [(1024, 1152), (128, 1024), (64, 128), (16, 64), (1, 16)]
    head = {}
    for place, shape in zip((0, 2, 4, 6, 8), shapes, strict=True):
        head |= {f"scoring_head.{place}.weight": torch.zeros(shape)}
        head |= {f"scoring_head.{place}.bias": torch.full(shape[:1], 5.6)}
    name = "aesthetic_predictor_v2_5.pth"
    torch.save(head, aesthetic / name)
    folder = server.base / "models" / "clip_vision"
    folder.mkdir(exist_ok=True)
    save_file(pooling_weights(1152), folder / "sig.safetensors")
    save_file(pooling_weights(1152, **{MATCH: torch.full((1152,), 2.0)}), folder / "other.safetensors")
    result = run(aesthetic_graph(name, "siglip", siglip_file="sig.safetensors"))
    assert result.status == "success", result.error
    report = json.loads(result.outputs["report"]["texts"][0])
    assert report["images"][0]["raw"] == pytest.approx(5.6)
    assert report["framing"] == "stretch"
    for inputs, problem in (
        ({}, "choose in siglip_file the very file"),
        ({"siglip_file": "other.safetensors"}, "was loaded from another file"),
    ):
        result = run(aesthetic_graph(name, "siglip", **inputs))
        assert (result.status, result.error_node) == ("error", "score")
        assert problem in result.error
    result = run(aesthetic_graph(HEAD, "siglip"))
    assert "SigLIP and DINO models do that: load a CLIP ViT-L" in result.error


def test_pyiqa_is_not_installed_and_that_is_said(run):
    graph = {
        "picture": node("LoadImage", image="astronaut.png"),
        "score": node("SwitchyardPyiqaScore", image=["picture", 0], metric="musiq"),
        "end": catch("score"),
    }
    result = run(graph)
    assert (result.status, result.error_node) == ("error", "score")
    assert "which is not installed in ComfyUI's environment. Nothing was installed" in result.error


def test_the_pooling_head_is_that_of_transformers():
    from transformers import SiglipVisionConfig, SiglipVisionModel

    torch.manual_seed(5)
    config = SiglipVisionConfig(
        hidden_size=48, intermediate_size=96, num_hidden_layers=2, num_attention_heads=16, image_size=42, patch_size=14
    )
    model = SiglipVisionModel(config).eval()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    held = model.state_dict()
    weights = {key if key.startswith("vision_model.") else f"vision_model.{key}": held[key] for key in held}
    with torch.no_grad():
        output = model(torch.rand(3, 3, 42, 42))
        pooled = pool_patches(output.last_hidden_state, read_pooling(weights, "tiny"))
    assert torch.allclose(pooled, output.pooler_output, atol=1e-5)
    assert float(output.pooler_output.std()) > 0.1
