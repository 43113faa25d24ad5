"""`comfy run`, a client that we did not write, runs our examples on a real server, and says what our nodes say."""

from __future__ import annotations

import json
import os
import subprocess
from urllib.parse import parse_qs, urlsplit

import pytest
from example_files import GOLDENS, graph_of, named
from example_needs import EXAMPLE_NEEDS

from engine.layout import python_of

RUNNABLE = sorted(path.stem for path in GOLDENS.glob("*.json") if path.stem not in EXAMPLE_NEEDS)


@pytest.fixture(scope="module")
def comfy(layout, tmp_path_factory):
    """Calls comfy-cli, which lives with the checkers; what it keeps goes into a home of its own."""
    python = python_of(layout.checkers)
    if not python.exists():
        pytest.skip("comfy-cli comes with the checkers, which are not there; run: python3 tools/sandbox.py test")
    home = str(tmp_path_factory.mktemp("home"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COMFY", "XDG"))}
    homes = {"HOME": home, "USERPROFILE": home, "APPDATA": home, "LOCALAPPDATA": home}
    environment |= {**homes, "DO_NOT_TRACK": "1", "PYTHONPATH": ""}

    def comfy(*arguments):
        command = [str(python), "-m", "comfy_cli", "--skip-prompt", "--no-enable-telemetry", *arguments]
        return subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=120
        )

    return comfy


@pytest.fixture
def comfy_run(comfy, server, tmp_path):
    """Runs a graph with `comfy run`, waits for its end, and gives the exit code and the answer."""

    def run(graph):
        file = tmp_path / "graph.json"
        file.write_text(json.dumps(graph), encoding="utf-8")
        place = urlsplit(server.url)
        answer = comfy("run", "--workflow", str(file), "--wait", "--host", place.hostname, "--port", str(place.port))
        return answer.returncode, json.loads(answer.stdout.splitlines()[-1])

    return run


def files_of(answer, server):
    """Where on the server's disk the files are that the answer names."""
    places = [parse_qs(urlsplit(url).query) for url in answer["data"]["outputs"]]
    return [
        server.base.joinpath(place["type"][0], *place.get("subfolder", ()), place["filename"][0]) for place in places
    ]


@pytest.mark.parametrize("stem", RUNNABLE)
def test_it_runs_our_examples(comfy_run, server, stem):
    exit_code, answer = comfy_run(graph_of(stem))
    assert exit_code == 0, answer
    assert answer["data"]["status"] == "completed"
    files = files_of(answer, server)
    assert files
    assert all(file.stat().st_size > 100 for file in files)


def test_what_a_failing_node_of_ours_says_reaches_its_user(comfy_run):
    exit_code, answer = comfy_run(graph_of("Pyiqa score"))
    assert exit_code == 1
    error = answer["error"]
    assert (error["code"], error["details"]["node_id"]) == ("execution_error", named("Pyiqa score", "Pyiqa Score"))
    assert "needs the Python package pyiqa" in error["message"]


def test_what_our_nodes_refuse_is_not_queued(comfy_run):
    graph = graph_of("Template photograph check")
    graph[named("Template photograph check", "Lowest score")]["inputs"]["value"] = "7"
    exit_code, answer = comfy_run(graph)
    assert exit_code == 1
    assert answer["error"]["code"] == "prompt_rejected"
    [problem] = answer["error"]["details"]["node_errors"][0]["errors"]
    assert 'value is "7"; it must be a number from 0 to 1' in problem["details"]
