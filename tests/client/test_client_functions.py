"""The tutorial's functions, against a server that says what each test wants."""

from __future__ import annotations

import pytest
import switchyard
from client_graphs import text_to_image
from fake_server import serve
from switchyard import job
from switchyard.errors import JobInterrupted, NodeFailed, PromptRejected, TemplateError

SUCCESS = ["execution_success", {}]


@pytest.fixture
def fake(monkeypatch):
    """A server on which each job ends at once; a job whose positive prompt is "bad" fails, and "wrong" is rejected."""
    monkeypatch.setattr(job, "_FIRST_POLL_S", 0.005)
    jobs, graphs = {}, {}

    def prompt(body):
        text = body["prompt"]["4"]["inputs"]["text"]
        if text == "wrong":
            return 400, {"error": {"message": "no"}, "node_errors": {}}
        told = {"node_id": "6", "exception_type": "ValueError", "exception_message": "too dark"}
        graphs[body["prompt_id"]] = [0, body["prompt_id"], body["prompt"], {}, []]
        jobs[body["prompt_id"]] = ["execution_error", told] if text == "bad" else SUCCESS
        return 200, {"prompt_id": body["prompt_id"], "node_errors": {}}

    def history(_):
        prompt_id = server.asked[-1][1].rsplit("/", 1)[1]
        known = {"prompt": graphs.get(prompt_id), "outputs": {}, "status": {"messages": [jobs.get(prompt_id)]}}
        return 200, {prompt_id: known} if prompt_id in jobs else {}

    with serve() as server:
        server.answers.update({"/prompt": prompt, "/history/*": history, "/view": (200, b"a picture")})
        yield server


def sent(fake):
    return [body["prompt"] for body in fake.prompts()]


def test_one_job_step_by_step(fake):
    prompt_id = switchyard.queue_prompt(text_to_image(), url=fake.url)
    history = switchyard.wait_for_completion(prompt_id, url=fake.url)
    assert history == switchyard.get_history(prompt_id, url=fake.url)
    assert history[prompt_id]["status"]["messages"] == [SUCCESS]
    assert switchyard.get_history("unknown", url=fake.url) == {}
    assert switchyard.get_image("a.png", "sub", "temp", url=fake.url) == b"a picture"
    assert fake.asked[-1][1] == "/view?filename=a.png&subfolder=sub&type=temp"


def test_a_job_that_failed_is_no_success(fake):
    graph = text_to_image()
    graph["4"]["inputs"]["text"] = "bad"
    with pytest.raises(NodeFailed, match=r"Node 6 \(KSampler\) failed: ValueError: too dark"):
        switchyard.wait_for_completion(switchyard.queue_prompt(graph, url=fake.url), url=fake.url)
    fake.answers["/history/*"] = lambda _: (200, {"x": {"status": {"messages": [["execution_interrupted", {}]]}}})
    with pytest.raises(JobInterrupted):
        switchyard.wait_for_completion("x", url=fake.url)


def test_prompts_land_in_the_positive_prompt_and_seeds_in_every_sampler(fake):
    graph = text_to_image()
    graph["11"] = {"class_type": "KSampler", "inputs": {**graph["6"]["inputs"], "seed": 99, "latent_image": ["6", 0]}}
    graph["7"]["inputs"]["samples"] = ["11", 0]
    results = switchyard.batch_generate(graph, ["a cat", "a dog"], seeds=[5, 6], url=fake.url)
    assert [(result["prompt"], result["seed"], result["error"]) for result in results] == [
        ("a cat", 5, None),
        ("a dog", 6, None),
    ]
    assert [made["4"]["inputs"]["text"] for made in sent(fake)] == ["a cat", "a dog"]
    assert {made["3"]["inputs"]["text"] for made in sent(fake)} == {"fog"}
    assert [(made["6"]["inputs"]["seed"], made["11"]["inputs"]["seed"]) for made in sent(fake)] == [(5, 5), (6, 6)]
    assert graph["4"]["inputs"]["text"] == "a red barn"


def test_without_seeds_each_is_drawn(fake):
    results = switchyard.batch_generate(text_to_image(), ["a", "b", "c"], url=fake.url)
    assert len({result["seed"] for result in results}) == 3
    assert [made["6"]["inputs"]["seed"] for made in sent(fake)] == [result["seed"] for result in results]


def test_what_fails_stops_no_other_job(fake):
    results = switchyard.batch_generate(text_to_image(), ["a", "bad", "wrong", "b"], url=fake.url)
    assert [type(result["error"]) for result in results] == [type(None), NodeFailed, PromptRejected, type(None)]
    assert results[1]["history"]["status"]["messages"][0][0] == "execution_error"
    assert results[2]["history"] is None
    with pytest.raises(PromptRejected):
        switchyard.batch_generate(text_to_image(), ["wrong", "a"], url=fake.url)


def test_variations_have_seeds_that_follow_each_other(fake):
    results = switchyard.generate_variations(text_to_image(), num_variations=3, base_seed=7, url=fake.url)
    assert [result["seed"] for result in results] == [7, 8, 9]
    assert [made["6"]["inputs"]["seed"] for made in sent(fake)] == [7, 8, 9]
    assert switchyard.generate_variations(text_to_image(), num_variations=0, url=fake.url) == []


def test_what_can_not_be_set_is_said_before_anything_runs(fake):
    with pytest.raises(TemplateError, match="2 prompts and 1 seeds"):
        switchyard.batch_generate(text_to_image(), ["a", "b"], seeds=[1], url=fake.url)
    bare = {"1": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x"}}}
    with pytest.raises(TemplateError, match="prompt"):
        switchyard.batch_generate(bare, ["a"], url=fake.url)
    with pytest.raises(TemplateError, match="no seed"):
        switchyard.generate_variations(bare, url=fake.url)
    assert fake.prompts() == []


def test_names_are_there_and_others_are_not():
    assert all(hasattr(switchyard, name) for name in switchyard.__all__)
    with pytest.raises(AttributeError):
        switchyard.nothing  # noqa: B018
