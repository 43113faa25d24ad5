"""Quality Score's function with the parameters that the pack ships, as the node calls it."""

from __future__ import annotations

from switchyard_pack.core import quality_score
from switchyard_pack.nodes.host.weights import load_data

PARAMETERS = quality_score.Parameters(load_data("quality_families"), load_data("niqe_parameters"))


def score_pictures(image, *arguments, **named):
    return quality_score.score_pictures(image, PARAMETERS, *arguments, **named)
