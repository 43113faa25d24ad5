"""The published aesthetic heads: a few linear layers on the unit vector of a picture, which give about 1 to 10.

Sources: LAION-AI/aesthetic-predictor (v1), christophschuhmann/improved-aesthetic-predictor (v2), and
discus0434/aesthetic-predictor-v2-5 (on SigLIP). What is given here is their arithmetic; the weights are the user's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .embeddings import Embeddings, score_each
from .scorer_report import ScoredPicture, logistic

if TYPE_CHECKING:
    from torch import Tensor

_WIDTHS = (1024, 128, 64, 16, 1)
_LARGEST = 1e6  # trained heads stay below 100; products of five layers of larger numbers may overflow
CURVE_WIDTH = 1.08  # 6.5 of the LAION heads is LAION's own cut for good pictures: this width puts it at 0.8


class Layout(NamedTuple):
    """One published layout of weights.

    Attributes:
        layers: The names of its linear layers in order, without ".weight" and ".bias".
        shapes: (outputs, inputs) of each.
        is_bent: Whether a ReLU stands between the layers; without one they are a single affine map.
        centre: The raw score that becomes 0.5.
        is_pooled: Whether the picture's vector is made by SigLIP's own pooling head, which ComfyUI leaves out.
        framing: How the pictures were framed when it was trained.
        files: What to load, for error messages.
    """

    layers: tuple[str, ...]
    shapes: tuple[tuple[int, int], ...]
    is_bent: bool
    centre: float
    is_pooled: bool
    framing: str
    files: str


def _stack(width: int) -> tuple[tuple[int, int], ...]:
    return tuple(zip(_WIDTHS, (width, *_WIDTHS), strict=False))


_VIT_L = "CLIP ViT-L/14 (clip_vision_vit_l.safetensors, or OpenAI's clip-vit-large-patch14), 768 numbers a picture"
_SIGLIP = "SigLIP so400m (sigclip_vision_patch14_384.safetensors), 1152 numbers a picture"
LAYOUTS: dict[str, Layout] = {
    "laion-v1-linear": Layout(("",), ((1, 768),), False, 5.0, False, "crop", _VIT_L),
    "laion-v2-linear": Layout(
        tuple(f"layers.{place}" for place in (0, 2, 4, 6, 7)), _stack(768), False, 5.0, False, "crop", _VIT_L
    ),
    "laion-v2-relu": Layout(
        tuple(f"layers.{place}" for place in (0, 3, 6, 9, 11)), _stack(768), True, 5.0, False, "crop", _VIT_L
    ),
    "siglip-v2.5": Layout(
        tuple(f"scoring_head.{place}" for place in (0, 2, 4, 6, 8)), _stack(1152), False, 4.0, True, "stretch", _SIGLIP
    ),
}


class AestheticHead(NamedTuple):
    """A head that is ready to use: its layout's name, and (weight, bias) of each layer in float64."""

    name: str
    layers: list[tuple[Tensor, Tensor]]

    @property
    def layout(self) -> Layout:
        return LAYOUTS[self.name]


def read_head(weights: Mapping[str, Any], file: str) -> AestheticHead:
    """Finds out which head a file holds, by its keys and shapes. Layers without a bend are put together to one.

    Args:
        weights: What the file holds, by name.
        file: Its name, for the error.

    Raises:
        ValueError: it holds none of the known heads, one of other shapes, or numbers that no trained head has.
    """
    name = next((name for name, layout in LAYOUTS.items() if _keys(layout) == set(weights)), None)
    if name is None:
        raise ValueError(
            f"{file} is no aesthetic head that is known here: it holds {_listed(list(weights))}. Expected are "
            f"{'; or '.join(f'{_listed(sorted(_keys(layout)))} ({name})' for name, layout in LAYOUTS.items())}. See "
            "the help page of Aesthetic Score for the files."
        )
    layout = LAYOUTS[name]
    layers = []
    for layer, (outputs, inputs) in zip(layout.layers, layout.shapes, strict=True):
        weight, bias = (weights[key] for key in _layer_keys(layer))
        shapes = tuple(getattr(weight, "shape", ())), tuple(getattr(bias, "shape", ()))
        if shapes != ((outputs, inputs), (outputs,)):
            raise ValueError(
                f"{file} has the keys of {name}, but {' and '.join(_layer_keys(layer))} have the shapes {shapes[0]} "
                f"and {shapes[1]}, not {(outputs, inputs)} and {(outputs,)}. Get the file anew."
            )
        if not all(bool((numbers.double().abs() < _LARGEST).all()) for numbers in (weight, bias)):
            raise ValueError(
                f"{file} holds NaN, infinity or numbers of a million and more in {' or '.join(_layer_keys(layer))}. "
                "Get the file anew."
            )
        layers.append((weight.double().cpu(), bias.double().cpu()))
    return AestheticHead(name, layers if layout.is_bent else [_together(layers)])


def score_aesthetics(head: AestheticHead, embeddings: Embeddings) -> list[ScoredPicture]:
    """Scores pictures by a head: the mean over a picture's views, 0..1 by a logistic curve; `raw` is about 1 to 10.

    Raises:
        ValueError: the vectors have another width than the head takes.
    """
    _, wanted = head.layout.shapes[0]
    if embeddings.width() not in (None, wanted):
        raise ValueError(
            f"This head ({head.name}) takes {wanted} numbers a picture, but the CLIP vision model gives "
            f"{embeddings.width()}. Load {head.layout.files}."
        )

    def score(vectors: Tensor) -> tuple[float, str, Mapping[str, Any]]:
        raw = float(apply_head(head, vectors).mean())
        value = logistic(raw, head.layout.centre, CURVE_WIDTH)
        return value, f"aesthetics {raw:.2f} of 10: {value:.2f} on the scale of 0 to 1.", {"raw": round(raw, 4)}

    return score_each(embeddings, score, {"raw": None})


def apply_head(head: AestheticHead, vectors: Tensor) -> Tensor:
    """The raw scores (V,) of unit vectors (V, D), float64."""
    for number, (weight, bias) in enumerate(head.layers):
        vectors = vectors @ weight.T + bias
        if head.layout.is_bent and number < len(head.layers) - 1:
            vectors = vectors.relu()
    return vectors[:, 0]


def _together(layers: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    weight, bias = layers[0]
    for next_weight, next_bias in layers[1:]:
        weight, bias = next_weight @ weight, next_weight @ bias + next_bias
    return weight, bias


def _layer_keys(layer: str) -> tuple[str, str]:
    dot = f"{layer}." if layer else ""
    return f"{dot}weight", f"{dot}bias"


def _keys(layout: Layout) -> set[str]:
    return {key for layer in layout.layers for key in _layer_keys(layer)}


def _listed(names: list[Any]) -> str:
    shown = [str(name)[:60] for name in names[:10]]
    return ", ".join(shown) + (f" and {len(names) - 10} more" if len(names) > 10 else "") if names else "nothing"
