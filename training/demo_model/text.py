"""What the demo model's text encoder makes of prompts, by look-ups: training needs no CLIP at all.

The encoder itself is in tools/engine/demo_text.py; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.demo_text import (
    DEVIATION,
    END,
    HEAD,
    MEAN_WEIGHT,
    PLACES,
    QUERY_SCALE,
    TOKEN,
    TOLD_APART,
    WIDTH,
    place_vectors,
    start_vectors,
    token_vectors,
    turned_back,
)

_NORM_EPSILON = 1e-5


class Encoder:
    """Encodes prompts of at most 30 tokens as ComfyUI does."""

    def __init__(self) -> None:
        self.tokens, self.starts = token_vectors(), start_vectors()
        self.places = place_vectors()[: TOLD_APART + 1]
        self.copies = [self._copied_from(places) for places in (1, 2)]

    def _copied_from(self, places: int) -> tuple[np.ndarray, np.ndarray]:
        """How much of each word's vector the heads that look so many places back copy to each word.

        It depends on the places alone, as all tokens' vectors have the same mean and deviation. For most words it is
        the one word there; the first ones have fewer before them.
        """
        mean = self.places.sum(1, keepdims=True) / WIDTH
        deviation = np.sqrt(DEVIATION**2 - mean**2 + _NORM_EPSILON)
        seen = QUERY_SCALE * (self.places - mean) / deviation
        logits = seen @ turned_back(places).T @ seen.T / np.sqrt(HEAD)
        weights = np.exp(logits - logits.max()) * np.tri(len(logits))
        weights /= weights.sum(1, keepdims=True)
        return (weights * (DEVIATION / deviation).T).astype(np.float32), -(
            (weights @ (mean / deviation) * DEVIATION).astype(np.float32)
        )

    def encode(self, tokens: Sequence[Sequence[int]], styles: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Encodes prompts.

        Args:
            tokens: the tokens of each prompt, without start and end; what is longer than 30 is cut off.
            styles: the start token of each prompt, of STARTS.

        Returns:
            The text, prompts x 32 x 768 (the last word stands for all 46 from the 32nd on), and the pooled text,
            prompts x 768.
        """
        count, words = len(tokens), TOLD_APART + 1
        ids = np.full((count, words), END)
        ends = np.empty(count, int)
        for row, prompt in enumerate(tokens):
            ends[row] = min(len(prompt), TOLD_APART - 1) + 1
            ids[row, 1 : ends[row]] = prompt[: ends[row] - 1]
        own = self.tokens[ids]
        own[:, 0] = self.starts[list(styles)]
        one_back, two_back = (weights @ own + shift for weights, shift in self.copies)
        places = np.broadcast_to(self.places, (count, words, PLACES))
        text = np.concatenate([places, own, one_back, two_back], 2, dtype=np.float32)
        pooled = text[np.arange(count), ends]
        is_read = np.arange(words) <= ends[:, None]
        read = _normalised(text)[:, :, PLACES : PLACES + TOKEN] * is_read[..., None]
        pooled[:, PLACES : PLACES + TOKEN] += MEAN_WEIGHT * read.sum(1) / (ends + 1)[:, None]
        return text, _normalised(pooled)


def _normalised(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + _NORM_EPSILON)
