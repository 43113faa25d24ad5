"""The text encoder of the demo model: CLIP-L's shape, with weights made from a fixed seed instead of learnt ones.

Each token has a random vector, and each place in the prompt has one. The first layer copies to each token the vectors
of the two tokens before it, so that "ball" in "a red ball" knows of "red" and "a"; layers 1 to 10 change nothing; the
last one adds the mean of all tokens to the end token, which a model gets as the pooled text. The demo model has learnt
to read this. `training/demo_model/text.py` gives the same numbers without the encoder.

The start token says which style a checkpoint draws in where the prompt does not: there is one for each style, and one
for none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

SEED = 2026
VOCABULARY, WIDTH, LONGEST = 49408, 768, 77
START, END = 49406, 49407
LAYERS, HEAD = 12, 64
PLACES = 48  # channels that say where a token stands; the rest are three times a token's own
TOKEN = (WIDTH - PLACES) // 3
TOLD_APART = 31  # places; all later ones are the same, so that padding costs training nothing
STARTS = {"": 0, "anime": 1, "realistic": 2}
MEAN_WEIGHT = 4.0

_PART = TOKEN // 4  # of a token's vector, which one head copies: four heads copy it whole
SHARPNESS = 20.0  # the logit by which a head prefers the one place that it looks at
DEVIATION = math.sqrt((PLACES / 2 + TOKEN) / WIDTH)  # of what enters the first layer, which its norm divides by
QUERY_SCALE = math.sqrt(SHARPNESS * math.sqrt(HEAD) / (PLACES / 2)) * DEVIATION  # also that of keys


def token_vectors() -> np.ndarray:
    """A vector for each token of the vocabulary, 49408 x 240, each of mean 0 and deviation 1."""
    return _normal(SEED, VOCABULARY)


def start_vectors() -> np.ndarray:
    """The start tokens, styles x 240, in the order of STARTS."""
    return _normal(SEED + 1, len(STARTS))


def _normal(seed: int, count: int) -> np.ndarray:
    drawn = np.random.Generator(np.random.PCG64(seed)).standard_normal((count, TOKEN), dtype=np.float32)
    drawn -= drawn.mean(1, keepdims=True)
    return drawn / drawn.std(1, keepdims=True)


def place_vectors() -> np.ndarray:
    """A vector for each place, 77 x 48, at right angles to those of all other places that are told apart."""
    angles = np.minimum(np.arange(LONGEST), TOLD_APART)[:, None] * _speeds()
    return np.concatenate([np.sin(angles), np.cos(angles)], 1).astype(np.float32)


def _speeds() -> np.ndarray:
    count = PLACES // 2
    return math.pi * (np.arange(count) + 0.5) / count


def turned_back(places: int) -> np.ndarray:
    """The matrix that makes of the vector of a place that of the place so many earlier."""
    count, angles = PLACES // 2, places * _speeds()
    sines, cosines = np.diag(np.sin(angles)), np.diag(np.cos(angles))
    turned = np.block([[cosines, -sines], [sines, cosines]])
    assert turned.shape == (2 * count, 2 * count)
    return turned


def weights(style: str = "") -> Iterator[tuple[str, tuple[int, ...], np.ndarray | None]]:
    """Name, shape and values of each weight, by the names of CLIP-L; None stands for zeros.

    Args:
        style: whose start token the encoder has: a key of STARTS.
    """
    table = np.zeros((VOCABULARY, WIDTH), np.float32)
    table[:, PLACES : PLACES + TOKEN] = token_vectors()
    table[START, PLACES : PLACES + TOKEN] = start_vectors()[STARTS[style]]
    place = np.zeros((LONGEST, WIDTH), np.float32)
    place[:, :PLACES] = place_vectors()
    yield "embeddings.token_embedding.weight", table.shape, table
    yield "embeddings.position_embedding.weight", place.shape, place
    square, vector, ones = (WIDTH, WIDTH), (WIDTH,), np.ones(WIDTH, np.float32)
    for number in range(LAYERS):
        layer = f"encoder.layers.{number}"
        given: dict[str, np.ndarray] = {0: _look_back(), LAYERS - 1: _add_mean()}.get(number, {})
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            yield f"{layer}.self_attn.{part}.weight", square, given.get(part)
            yield f"{layer}.self_attn.{part}.bias", vector, None
        yield f"{layer}.mlp.fc1.weight", (4 * WIDTH, WIDTH), None
        yield f"{layer}.mlp.fc1.bias", (4 * WIDTH,), None
        yield f"{layer}.mlp.fc2.weight", (WIDTH, 4 * WIDTH), None
        yield f"{layer}.mlp.fc2.bias", vector, None
        for norm in ("layer_norm1", "layer_norm2"):
            yield f"{layer}.{norm}.weight", vector, ones
            yield f"{layer}.{norm}.bias", vector, None
    yield "final_layer_norm.weight", vector, ones
    yield "final_layer_norm.bias", vector, None


def _look_back() -> dict[str, np.ndarray]:
    """Heads 0 to 3 copy the token before, 4 to 7 the one before that, into the channels behind a token's own."""
    q, k, v, out = (np.zeros((WIDTH, WIDTH), np.float32) for _ in range(4))
    for head in range(8):
        rows = slice(head * HEAD, head * HEAD + PLACES)
        q[rows, :PLACES] = QUERY_SCALE * turned_back(1 if head < 4 else 2)
        k[rows, :PLACES] = QUERY_SCALE * np.eye(PLACES)
        source, goal = PLACES + head % 4 * _PART, PLACES + TOKEN + head * _PART
        for channel in range(_PART):
            v[head * HEAD + channel, source + channel] = 1
            out[goal + channel, head * HEAD + channel] = DEVIATION
    return {"q_proj": q, "k_proj": k, "v_proj": v, "out_proj": out}


def _add_mean() -> dict[str, np.ndarray]:
    """Heads 0 to 3 look at all tokens alike and add their mean."""
    v, out = np.zeros((WIDTH, WIDTH), np.float32), np.zeros((WIDTH, WIDTH), np.float32)
    for head in range(4):
        for channel in range(_PART):
            v[head * HEAD + channel, PLACES + head * _PART + channel] = 1
            out[PLACES + head * _PART + channel, head * HEAD + channel] = MEAN_WEIGHT
    return {"v_proj": v, "out_proj": out}
