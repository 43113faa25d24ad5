"""One scheduler for all: the output of Refiner Split goes into the scheduler widgets of the samplers, in every page."""

from __future__ import annotations

import pytest

SCHEDULER = 3


@pytest.mark.parametrize("kind", ["KSamplerAdvanced", "KSampler", "BasicScheduler", "SwitchyardDenoiseStrength"])
def test_the_scheduler_output_fits_the_widget_of_a_sampler(canvas, kind):
    canvas.add("SwitchyardRefinerSplit", "split")
    canvas.set_widget("split", "scheduler", "exponential")
    canvas.add(kind, "sampler")
    canvas.plug("split", "sampler", "scheduler", SCHEDULER)
    canvas.reload_workflow()
    prompt = {node["_meta"]["title"]: (name, node) for name, node in canvas.prompt().items()}
    split, sampler = prompt["split"], prompt["sampler"]
    assert sampler[1]["inputs"]["scheduler"] == [split[0], SCHEDULER]
    assert split[1]["inputs"]["scheduler"] == "exponential"
    assert canvas.output_type("split", SCHEDULER) == "COMBO"


def test_a_picture_does_not_fit_it(canvas):
    canvas.add("EmptyImage", "picture")
    canvas.add("KSampler", "sampler")
    canvas.plug("picture", "sampler", "scheduler")
    assert not any(link for link in canvas.serialized()["links"])
