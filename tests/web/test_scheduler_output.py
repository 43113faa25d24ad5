"""One scheduler for all: what Refiner Split and Denoise Strength give goes into samplers, in every page."""

from __future__ import annotations

import pytest
from forms import EACH_ONCE

pytestmark = EACH_ONCE

SOURCES = {"SwitchyardRefinerSplit": 3, "SwitchyardDenoiseStrength": 2}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", ["KSamplerAdvanced", "KSampler", "BasicScheduler", "SwitchyardDenoiseStrength"])
def test_the_scheduler_output_fits_the_widget_of_a_sampler(canvas, source, kind):
    output = SOURCES[source]
    canvas.add(source, "source")
    canvas.set_widget("source", "scheduler", "exponential")
    canvas.add(kind, "sampler")
    canvas.plug("source", "sampler", "scheduler", output)
    canvas.reload_workflow()
    prompt = {node["_meta"]["title"]: (name, node) for name, node in canvas.prompt().items()}
    given, sampler = prompt["source"], prompt["sampler"]
    assert sampler[1]["inputs"]["scheduler"] == [given[0], output]
    assert given[1]["inputs"]["scheduler"] == "exponential"
    assert canvas.output_type("source", output) == "COMBO"


def test_a_picture_does_not_fit_it(canvas):
    canvas.add("EmptyImage", "picture")
    canvas.add("KSampler", "sampler")
    canvas.plug("picture", "sampler", "scheduler")
    assert not any(link for link in canvas.serialized()["links"])
