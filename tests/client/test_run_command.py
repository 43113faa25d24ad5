"""`switchyard run` and the client behind it, against a server that says what each test wants."""

from __future__ import annotations

import json

import pytest
from client_graphs import text_to_image
from fake_server import serve
from switchyard import client, job
from switchyard.cli import main
from switchyard.client import Client, OutputFile
from switchyard.errors import OutputMissing
from switchyard.template import Template

PICTURE = {"filename": "barn_00001_.png", "subfolder": "barns", "type": "output"}
DONE = ["execution_success", {}]


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A server on which a job ends at once with one picture; the current folder has the template "barn"."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(job, "_FIRST_POLL_S", 0.005)
    monkeypatch.setattr(job, "_FIRST_QUEUE_CHECK_S", 0.02)
    monkeypatch.setattr(client, "_LOOKS_S", (0.0,))
    Template.from_workflow(text_to_image(), name="barn").save("templates")
    with serve() as server:
        server.answers["/prompt"] = lambda body: (200, {"prompt_id": body["prompt_id"], "node_errors": {}})
        server.answers["/queue"] = (200, {"queue_running": [], "queue_pending": []})
        server.answers["/interrupt"] = (200, b"")
        server.answers["/view"] = (200, b"a picture")
        end(server, DONE, {"8": {"images": [PICTURE]}})
        yield server


def end(server, message, outputs=None):
    """Has every job end with a message and outputs."""

    entry = {"outputs": outputs or {}, "status": {"messages": [["execution_start", {}], message]}}

    def history(_):
        prompt_id = server.asked[-1][1].rsplit("/", 1)[1]
        return 200, {prompt_id: entry}

    server.answers["/history/*"] = history


def run(server, *arguments):
    return main(["run", "barn", "--server", server.url, *arguments])


def test_it_runs_with_values_by_name_and_fetches_the_pictures(fake, tmp_path, capsys):
    assert run(fake, "prompt=a blue barn", "steps=3", "--out", "pictures") == 0
    graph = fake.prompts()[0]["prompt"]
    assert graph["4"]["inputs"]["text"] == "a blue barn"
    assert graph["3"]["inputs"]["text"] == "fog"
    assert graph["6"]["inputs"]["steps"] == 3
    saved = tmp_path / "pictures" / "barn_00001_.png"
    assert saved.read_bytes() == b"a picture"
    assert "pictures" in capsys.readouterr().out
    assert list((tmp_path / "pictures").iterdir()) == [saved]


def test_nothing_is_written_over(fake, tmp_path):
    assert run(fake, "--out", "pictures") == 0
    fake.answers["/view"] = (200, b"another")
    assert run(fake, "--out", "pictures") == 0
    assert (tmp_path / "pictures" / "barn_00001_.png").read_bytes() == b"a picture"
    assert (tmp_path / "pictures" / "barn_00001__2.png").read_bytes() == b"another"


def test_as_json_it_names_values_and_files(fake, capsys):
    assert run(fake, "seed=random", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["values"]["seed"] == fake.prompts()[0]["prompt"]["6"]["inputs"]["seed"]
    assert said["outputs"][0]["node"] == "8"
    assert said["prompt_id"] == fake.prompts()[0]["prompt_id"]


def test_the_page_workflow_goes_along_with_the_values_that_run(fake):
    page = {"nodes": [{"id": 6, "type": "KSampler", "widgets_values": [7, "fixed", 12, 6.5, "euler", "normal", 1.0]}]}
    Template.from_workflow(text_to_image(), name="page", workflow=page).save("templates")
    assert main(["run", "page", "--server", fake.url, "steps=3"]) == 0
    sent = fake.prompts()[0]["extra_data"]["extra_pnginfo"]["workflow"]
    assert sent["nodes"][0]["widgets_values"] == [7, "fixed", 3, 6.5, "euler", "normal", 1.0]
    assert main(["run", "page", "--server", fake.url, "prompt=x"]) == 0  # node 4 is not on this page: better none
    assert "extra_data" not in fake.prompts()[1]


def test_a_rejected_graph_names_node_input_and_reason(fake, capsys):
    error = {
        "message": "Value not in list",
        "details": "ckpt_name: 'demo' not in []",
        "extra_info": {"input_name": "ckpt_name"},
    }
    answer = {"error": {"message": "Prompt outputs failed validation"}, "node_errors": {"1": {"errors": [error]}}}
    fake.answers["/prompt"] = (400, answer)
    assert run(fake) == 3
    assert "node 1 (CheckpointLoaderSimple), ckpt_name: Value not in list: ckpt_name: 'demo'" in capsys.readouterr().err


def test_a_partly_invalid_graph_is_taken_back_unless_allowed(fake, capsys):
    error = {"message": "Required input is missing", "details": "images", "extra_info": {"input_name": "images"}}
    fake.answers["/prompt"] = lambda body: (
        200, {"prompt_id": body["prompt_id"], "node_errors": {"8": {"errors": [error]}}},
    )  # fmt: skip
    assert run(fake) == 3
    assert "node 8 (SaveImage), images" in capsys.readouterr().err
    prompt_id = fake.prompts()[0]["prompt_id"]
    assert ("POST", "/queue", {"delete": [prompt_id]}) in fake.asked
    assert ("POST", "/interrupt", {"prompt_id": prompt_id}) in fake.asked
    assert run(fake, "--allow-partial") == 0


def test_a_failed_node_is_named(fake, capsys):
    end(fake, ["execution_error", {"node_id": "6", "exception_type": "ValueError", "exception_message": "too dark\n"}])
    assert run(fake) == 1
    assert "Node 6 (KSampler) failed: ValueError: too dark" in capsys.readouterr().err


def test_an_interrupted_job_is_no_success(fake, capsys):
    end(fake, ["execution_interrupted", {"node_id": "6"}])
    assert run(fake) == 1
    assert "was interrupted at node 6 (KSampler)" in capsys.readouterr().err


def test_a_job_that_is_taken_away_is_noticed(fake, capsys):
    fake.answers["/history/*"] = (200, {})
    assert run(fake) == 1
    assert "is gone" in capsys.readouterr().err


def test_a_job_that_takes_too_long_goes_on(fake, capsys):
    fake.answers["/history/*"] = (200, {})
    fake.answers["/queue"] = lambda body: (
        200,
        {"queue_running": [[0, fake.prompts()[0]["prompt_id"]]], "queue_pending": []},
    )
    assert run(fake, "--timeout", "0.1") == 5
    assert "has not ended after 0.1 s" in capsys.readouterr().err
    assert not any(path == "/interrupt" for _, path, _ in fake.asked)


def test_nothing_that_a_bad_value_would_queue_is_queued(fake):
    assert run(fake, "steps=0") == 2
    assert fake.prompts() == []


def test_what_is_no_comfyui_is_said_so(fake, capsys):
    fake.answers["/prompt"] = (200, b"<html>hello</html>")
    assert run(fake) == 4
    assert "no ComfyUI" in capsys.readouterr().err
    fake.answers["/prompt"] = (502, b"bad gateway")
    fake.answers["/history/*"] = (200, {})
    assert run(fake) == 4
    assert "502" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../../evil.png", "..\\evil.png", "/evil.png"])
def test_a_file_can_not_leave_its_folder(fake, tmp_path, name):
    saved = Client(fake.url).download(OutputFile("8", name, "", "output"), tmp_path / "pictures").path
    assert saved == tmp_path / "pictures" / "evil.png"


@pytest.mark.parametrize("name", ["", "..", "/"])
def test_a_name_that_is_none_is_refused(fake, tmp_path, name):
    with pytest.raises(OutputMissing):
        Client(fake.url).download(OutputFile("8", name, "", "output"), tmp_path / "pictures")


def test_a_file_that_the_server_does_not_have_leaves_nothing(fake, tmp_path):
    fake.answers["/view"] = (404, b"")
    with pytest.raises(OutputMissing, match="404"):
        Client(fake.url).download(OutputFile("8", "a.png", "", "output"), tmp_path / "pictures")
    assert list((tmp_path / "pictures").iterdir()) == []


def test_a_folder_that_can_not_be_written_is_said_so(fake, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputMissing, match="saved"):
        Client(fake.url).download(OutputFile("8", "a.png", "", "output"), tmp_path / "file")


def test_a_base_path_is_kept_and_a_bare_host_is_http():
    assert Client("https://host/comfy/").url == "https://host/comfy"
    assert Client("localhost:8188").url == "http://localhost:8188"


def picture_template(tmp_path):
    graph = text_to_image()
    graph["5"] = {"class_type": "LoadImage", "inputs": {"image": "example.png"}}
    graph["6"]["inputs"]["latent_image"] = ["9", 0]
    graph["9"] = {"class_type": "VAEEncode", "inputs": {"pixels": ["5", 0], "vae": ["1", 2]}}
    graph["10"] = {"class_type": "SwitchyardImageParameter", "inputs": {"name": "photo", "value": "example.png"}}
    graph["9"]["inputs"]["pixels"] = ["10", 0]
    del graph["5"]
    Template.from_workflow(graph, name="photo").save("templates")


def test_a_local_picture_is_sent_first_and_another_name_is_the_servers(fake, tmp_path, capsys):
    picture_template(tmp_path)
    (tmp_path / "cat.png").write_bytes(b"a cat")
    fake.answers["/upload/image"] = (200, {"name": "cat (1).png", "subfolder": "", "type": "input"})
    assert main(["run", "photo", "--server", fake.url, "photo=cat.png", "--json"]) == 0
    assert fake.prompts()[0]["prompt"]["10"]["inputs"]["value"] == "cat (1).png"
    assert json.loads(capsys.readouterr().out)["values"]["photo"] == "cat (1).png"
    assert main(["run", "photo", "--server", fake.url, "photo=there.png"]) == 0
    assert fake.prompts()[1]["prompt"]["10"]["inputs"]["value"] == "there.png"
    assert sum(path == "/upload/image" for _, path, _ in fake.asked) == 1


def test_headers_password_and_certificates(fake, monkeypatch, capsys):
    made = {}
    original = client.Client.__init__

    def watched(self, url, **options):
        made.update(options, url=url)
        original(self, url, **options)

    monkeypatch.setattr(client.Client, "__init__", watched)
    monkeypatch.setenv("SWITCHYARD_SERVER", fake.url.replace("//", "//me:s3cret@"))
    assert main(["run", "barn", "--header", "X-Key=s3cret=", "--header", "X-Team=blue", "--insecure"]) == 0
    assert made["headers"] == {"X-Key": "s3cret=", "X-Team": "blue"}
    assert made["verify"] is False
    assert made["url"].endswith(fake.url.partition("//")[2])
    fake.answers["/prompt"] = (401, b"")
    assert main(["run", "barn", "--header", "X-Key=s3cret"]) == 4
    said = capsys.readouterr()
    assert "name and password" in said.err
    assert "s3cret" not in said.err + said.out
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    assert "s3cret" not in capsys.readouterr().out
    assert main(["run", "barn", "--header", "X-Key"]) == 2


def test_a_server_on_this_computer_is_never_reached_through_a_proxy(fake, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    assert run(fake) == 0


def test_an_interruption_takes_the_job_back(fake, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(job.Job, "wait", interrupted)
    assert run(fake) == 130
    prompt_id = fake.prompts()[0]["prompt_id"]
    assert ("POST", "/interrupt", {"prompt_id": prompt_id}) in fake.asked
