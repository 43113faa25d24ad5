"""Vectors that a vision model makes of pictures, and what kept it from making them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .scorer_report import NO_VECTOR, NON_FINITE, ScoredPicture

if TYPE_CHECKING:
    from torch import Tensor

AS_TRAINED = "as trained"
FRAMINGS = (AS_TRAINED, "crop", "pad", "both ends", "stretch")  # see core.framing


class Embeddings(NamedTuple):
    """The vectors of a batch of pictures.

    Attributes:
        vectors: For each picture (V, D) float32 on the CPU, one row for each view of it (see core.framing); None for a
            picture that is non-finite and was not shown to the model.
        framing: How the pictures were framed: one of FRAMINGS, but not "as trained".
    """

    vectors: list[Tensor | None]
    framing: str

    def width(self) -> int | None:
        """How many numbers stand for a picture; None if no picture could be shown to the model."""
        return next((vectors.shape[-1] for vectors in self.vectors if vectors is not None), None)


def score_each(
    embeddings: Embeddings,
    score: Callable[[Tensor], tuple[float, str, Mapping[str, Any]]],
    failed: Mapping[str, Any],
    lowest: float = 0.0,
) -> list[ScoredPicture]:
    """Scores each picture by its vectors; what has no usable vector gets the lowest score and a reason.

    Args:
        embeddings: The pictures' vectors.
        score: Takes unit vectors (V, D), float64, and gives the score, a sentence and facts.
        failed: The facts of a picture that can't be scored.
        lowest: The score of such a picture.
    """
    scored = []
    for vectors in embeddings.vectors:
        unit = None if vectors is None else unit_vectors(vectors)
        if unit is None:
            scored.append(ScoredPicture(lowest, NON_FINITE if vectors is None else NO_VECTOR, failed))
        else:
            scored.append(ScoredPicture(*score(unit)))
    return scored


def unit_vectors(vectors: Tensor) -> Tensor | None:
    """Gives vectors (..., D) the length 1, in float64; None if one of them is zero, NaN or infinite."""
    double = vectors.double()
    lengths = double.norm(dim=-1, keepdim=True)
    if not bool((lengths.isfinite() & (lengths > 0)).all()):
        return None
    return double / lengths
