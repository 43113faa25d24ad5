"""The tutorial's functions on a real server, with a graph in which the negative prompt has the lower id."""

from __future__ import annotations

import pytest
import switchyard
from client_graphs import text_to_image
from switchyard.errors import NodeFailed

from engine.layout import DEMO_CHECKPOINT


@pytest.fixture(scope="module")
def graph():
    graph = text_to_image(steps=1)
    graph["1"]["inputs"]["ckpt_name"] = DEMO_CHECKPOINT
    return graph


def test_one_job(server, graph):
    prompt_id = switchyard.queue_prompt(graph, url=server.url)
    history = switchyard.wait_for_completion(prompt_id, url=server.url, timeout_s=120)
    file = history[prompt_id]["outputs"]["8"]["images"][0]
    assert switchyard.get_image(file["filename"], file["subfolder"], url=server.url)[:4] == b"\x89PNG"


def test_a_batch_keeps_what_went_well(server, graph):
    results = switchyard.batch_generate(graph, ["a boat", "a barn"], seeds=[1, 2], url=server.url)
    for result, text in zip(results, ("a boat", "a barn"), strict=True):
        assert result["error"] is None
        ran = result["history"]["prompt"][2]
        assert ran["4"]["inputs"]["text"] == text
        assert ran["3"]["inputs"]["text"] == "fog"
        assert ran["6"]["inputs"]["seed"] == result["seed"]
        assert result["history"]["outputs"]["8"]["images"]


def test_variations_and_a_failure(server, graph):
    variations = switchyard.generate_variations(graph, num_variations=2, base_seed=40, url=server.url)
    files = [result["history"]["outputs"]["8"]["images"][0]["filename"] for result in variations]
    assert len(set(files)) == 2
    broken = {"9": {"class_type": "ProbeFault", "inputs": {"kind": "raise", "label": "", "seconds": 0, "previews": 0}}}
    with pytest.raises(NodeFailed, match=r"Node 9 \(ProbeFault\) failed: ValueError"):
        switchyard.wait_for_completion(switchyard.queue_prompt(broken, url=server.url), url=server.url)
