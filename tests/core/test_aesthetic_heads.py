"""The aesthetic heads against the published networks, on random weights."""

from __future__ import annotations

import pytest
import torch
from switchyard_pack.core.aesthetic_heads import LAYOUTS, apply_head, read_head, score_aesthetics
from switchyard_pack.core.embeddings import Embeddings
from torch import nn


def _published(name):
    """The networks as their authors wrote them, in training order; dropout does nothing when a network is used."""
    if name == "laion-v1-linear":
        return nn.Linear(768, 1)
    width, between = {
        "laion-v2-linear": (768, lambda place: [nn.Dropout(0.2)] if place < 3 else []),
        "laion-v2-relu": (768, lambda place: [nn.ReLU()] + ([nn.Dropout(0.2)] if place < 3 else [])),
        "siglip-v2.5": (1152, lambda place: [nn.Dropout(0.5)]),
    }[name]
    layers = []
    for place, (inputs, outputs) in enumerate([(width, 1024), (1024, 128), (128, 64), (64, 16)]):
        layers += [nn.Linear(inputs, outputs), *between(place)]
    holder = nn.Module()
    setattr(holder, "scoring_head" if name == "siglip-v2.5" else "layers", nn.Sequential(*layers, nn.Linear(16, 1)))
    return holder


def _network(name):
    torch.manual_seed(len(name))
    network = _published(name).eval()
    return network, dict(network.state_dict())


def _embeddings(*vectors, framing="crop"):
    return Embeddings(list(vectors), framing)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_head_gives_what_the_published_network_gives(name):
    network, weights = _network(name)
    head = read_head(weights, "head.pth")
    assert head.name == name
    vectors = torch.nn.functional.normalize(
        torch.randn(5, head.layout.shapes[0][1], generator=torch.Generator().manual_seed(2)), dim=-1
    )
    forward = getattr(network, "scoring_head", getattr(network, "layers", network))
    with torch.no_grad():
        expected = forward(vectors)[:, 0]
    assert apply_head(head, vectors.double()).tolist() == pytest.approx(expected.tolist(), abs=1e-5)


def test_layers_without_a_bend_become_one():
    assert [len(read_head(_network(name)[1], "f").layers) for name in LAYOUTS] == [1, 1, 5, 1]


@pytest.mark.parametrize(
    ("name", "raw", "score"),
    [
        ("laion-v1-linear", 5.0, 0.5),
        ("laion-v1-linear", 6.5, 0.80),
        ("laion-v2-linear", 6.5, 0.80),
        ("siglip-v2.5", 4.0, 0.5),
        ("siglip-v2.5", 5.5, 0.80),
    ],
)
def test_the_published_cuts_of_good_pictures_are_0_8(name, raw, score):
    weights = {key: torch.zeros_like(weight) for key, weight in _network(name)[1].items()}
    weights[next(key for key in reversed(weights) if key.endswith("bias"))].fill_(raw)
    head = read_head(weights, "f")
    (picture,) = score_aesthetics(head, _embeddings(torch.ones(1, head.layout.shapes[0][1])))
    assert picture.score == pytest.approx(score, abs=0.002)
    assert picture.facts == {"raw": pytest.approx(raw, abs=1e-4)}
    assert picture.reason.startswith(f"aesthetics {raw:.2f} of 10")


def test_the_length_of_a_vector_does_not_matter_and_views_are_averaged():
    head = read_head(_network("laion-v2-relu")[1], "f")
    one, other = torch.randn(2, 1, 768, generator=torch.Generator().manual_seed(3)).unbind()
    apart = [picture.facts["raw"] for picture in score_aesthetics(head, _embeddings(one * 7, other / 9))]
    (together,) = score_aesthetics(head, _embeddings(torch.cat([one, other])))
    assert together.facts["raw"] == pytest.approx(sum(apart) / 2, abs=1e-3)


@pytest.mark.parametrize("bad", [torch.zeros(1, 768), torch.full((1, 768), torch.nan), torch.full((1, 768), torch.inf)])
def test_a_vector_that_says_nothing_scores_0_with_a_reason(bad):
    head = read_head(_network("laion-v2-linear")[1], "f")
    good, without, nothing = score_aesthetics(head, _embeddings(torch.ones(1, 768), bad, None))
    assert good.score > 0
    assert (without.score, without.reason[:12], without.facts) == (0.0, "no embedding", {"raw": None})
    assert (nothing.score, nothing.reason[:10], nothing.facts) == (0.0, "non-finite", {"raw": None})


@pytest.mark.parametrize(
    ("name", "width", "load"), [("laion-v2-linear", 1280, "ViT-L/14"), ("siglip-v2.5", 768, "SigLIP")]
)
def test_vectors_of_another_model_are_refused_with_what_to_load(name, width, load):
    head = read_head(_network(name)[1], "f")
    with pytest.raises(ValueError, match=rf"takes \d+ numbers a picture, but .* gives {width}\. Load .*{load}"):
        score_aesthetics(head, _embeddings(None, torch.ones(1, width)))


def test_a_file_that_is_no_head_is_refused_with_its_keys_and_those_expected():
    with pytest.raises(
        ValueError, match=r"lora\.pth is no aesthetic head .*it holds down\.weight, up\.weight"
    ) as error:
        read_head({"down.weight": torch.zeros(1), "up.weight": torch.zeros(1)}, "lora.pth")
    for key in ("layers.0.bias", "layers.11.weight", "scoring_head.8.weight", "bias, weight (laion-v1-linear)"):
        assert key in str(error.value)
    with pytest.raises(ValueError, match="holds nothing"):
        read_head({}, "f")
    many = {f"key{number}": torch.zeros(1) for number in range(500)}
    with pytest.raises(ValueError, match="and 490 more"):
        read_head(many, "f")


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layer_of_another_shape_is_refused(name):
    weights = _network(name)[1]
    first = next(iter(weights))
    weights[first] = weights[first][:, :-1]
    with pytest.raises(ValueError, match=r"has the keys of .* have the shapes .*, not "):
        read_head(weights, "f")
    weights[first] = "text"
    with pytest.raises(ValueError, match="have the shapes"):
        read_head(weights, "f")


@pytest.mark.parametrize("number", [torch.nan, -torch.inf, 1e300])
def test_weights_that_no_trained_head_has_are_refused(number):
    weights = _network("laion-v1-linear")[1]
    weights["weight"] = torch.full((1, 768), number, dtype=torch.float64)
    with pytest.raises(ValueError, match="holds NaN, infinity or numbers of a million and more in weight or bias"):
        read_head(weights, "f")
