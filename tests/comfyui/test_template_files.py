"""The templates in templates/ on a real server, run by names: through the client, and as a user does in a shell."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from example_files import ROOT
from PIL import Image
from switchyard.cli import main
from switchyard.client import Client
from switchyard.template import Template

from engine.layout import DEMO_CHECKPOINT

TEMPLATES = ROOT / "templates"
NAMES = sorted(path.stem for path in TEMPLATES.glob("*.json"))
PROMPT = 'a barn in the "fog"\nat dawn'
SMALL = {"checkpoint": DEMO_CHECKPOINT, "width": 64, "height": 96, "steps": 2}


def job(server, prompt_id):
    """The graph that a job ran and the ids of the nodes that it has results of, as the server's history holds them."""
    entry = server.get(f"/history/{prompt_id}")[prompt_id]
    return entry["prompt"][2], entry["outputs"]


def positive(graph):
    """The text that the positive prompt of a graph's sampler gets in the end, found by its links."""
    sampler = next(node for node in graph.values() if node["class_type"] == "KSampler")
    encoder = graph[sampler["inputs"]["positive"][0]]
    assert encoder["class_type"] == "CLIPTextEncode"
    return graph[encoder["inputs"]["text"][0]]["inputs"]["value"]


def size_of(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return picture.size


@pytest.fixture
def switchyard(server, capsys):
    """Runs the command line with --json; gives its exit code and what it says."""

    def switchyard(*arguments):
        code = main([*arguments, "--folder", str(TEMPLATES), "--server", server.url, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return switchyard


@pytest.mark.parametrize("name", NAMES)
def test_by_the_client_the_wanted_text_lands_in_the_positive_prompt(server, tmp_path, name):
    template = Template.load(TEMPLATES / f"{name}.json")
    client = Client(server.url)
    values = {**SMALL, "prompt": PROMPT, "seed": 2**53 - 1}
    assert template.with_defaults(values).check(client.object_info()) == []
    graph = template.apply(values)
    queued = client.submit(graph)
    files = queued.wait(300).kept
    assert positive(job(server, queued.id)[0]) == PROMPT
    assert {file.node for file in files} == {output.node for output in template.outputs}
    (path,) = [client.download(file, tmp_path / "pictures").path for file in files]
    assert path.name.startswith(name)
    assert size_of(path) == ((128, 192) if name == "hires_fix" else (64, 96))


def test_in_a_shell_hires_fix_refines_only_if_wanted(switchyard, server, tmp_path):
    for refine, size in (("true", (128, 192)), ("false", (64, 96))):
        values = [f"{name}={value}" for name, value in SMALL.items()]
        arguments = ["prompt=a barn in the fog", "seed=7", f"refine={refine}", "sampler=ddim", "denoise=0.6"]
        code, said = switchyard("run", "hires_fix", *values, *arguments, "--out", str(tmp_path / refine))
        assert code == 0
        (path,) = [output["path"] for output in said["outputs"]]
        assert size_of(path) == size
        graph, _ = job(server, said["prompt_id"])
        assert positive(graph) == "a barn in the fog"
        assert_the_picture_gives_the_template_again("hires_fix", path, said["values"])


def test_in_a_shell_quality_gate_tries_seeds_and_the_picture_says_which(switchyard, server, tmp_path):
    values = [f"{name}={value}" for name, value in SMALL.items()]
    arguments = ["prompt=a barn in the fog", "seed=7", "min_score=1", "max_attempts=3", "if_none_pass=best"]
    code, said = switchyard("run", "quality_gate", *values, *arguments, "--out", str(tmp_path))
    assert code == 0
    (path,) = [output["path"] for output in said["outputs"]]
    graph, outputs = job(server, said["prompt_id"])
    assert positive(graph) == "a barn in the fog"
    gate = next(node_id for node_id, node in graph.items() if node["class_type"] == "SwitchyardQualityGate")
    attempts = outputs[gate]["switchyard"][0]["data"]["attempts"]
    (varied,) = {node_id for attempt in attempts for node_id in attempt["seeds"]}
    assert graph[varied]["class_type"] == "SwitchyardSeedParameter"
    seeds = [attempt["seeds"][varied]["value"] for attempt in attempts]
    assert seeds == [7, 8, 9]
    best = max(attempts, key=lambda attempt: attempt["score"])["seeds"][varied]["value"]
    assert_the_picture_gives_the_template_again("quality_gate", path, {**said["values"], "seed": best})


def assert_the_picture_gives_the_template_again(name, path, values):
    """The template of a saved picture has the same parameters, with the values that made the picture."""
    template = Template.load(TEMPLATES / f"{name}.json")
    again = Template.from_png(path, name=name)
    wanted = [replace(parameter, default=values[parameter.name]) for parameter in template.parameters]
    assert list(again.parameters) == wanted
    assert again.groups == template.groups
    assert again.outputs == template.outputs


def test_blocked_by_the_gate_the_job_ends_well_without_a_file(switchyard, tmp_path):
    values = [f"{name}={value}" for name, value in SMALL.items()]
    arguments = ["min_score=1", "max_attempts=1", "if_none_pass=block", "seed=11"]
    code, said = switchyard("run", "quality_gate", *values, *arguments, "--out", str(tmp_path / "none"))
    assert (code, said["outputs"]) == (0, [])
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", NAMES)
def test_the_server_lacks_the_checkpoint_alone_and_the_run_is_refused(switchyard, name):
    code, said = switchyard("template", "check", name)
    assert code == 1
    errors = [finding for finding in said["findings"] if finding["level"] == "error"]
    assert {finding["where"] for finding in errors} == {"parameter checkpoint"}
    code, said = switchyard("run", name, "width=64", "height=64", "--out", "nowhere")
    assert (code, said["error"]["kind"]) == (3, "PromptRejected")
    assert "v1-5-pruned-emaonly-fp16.safetensors" in said["error"]["message"]
