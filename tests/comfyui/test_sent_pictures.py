"""SaveImageWebsocket on a real server: its pictures are in no history, and come to the client all the same."""

from __future__ import annotations

import json
import time
from io import BytesIO

import numpy
import pytest
from faulty_proxy import proxy_to
from PIL import Image
from switchyard.batch import Batch, Options
from switchyard.cli import main
from switchyard.client import Client
from switchyard.errors import JobTimeout, PicturesMissed
from switchyard.template import Template


def graph_of(seed=1, *, size=16, count=1, seconds=0.0):
    latent = {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": count}}
    inputs = {"seed": seed, "size": size, "seconds": seconds, "latent": ["5", 0]}
    return {
        "5": latent,
        "6": {"class_type": "ProbeSample", "inputs": inputs},
        "9": {"class_type": "SaveImageWebsocket", "inputs": {"images": ["6", 0]}},
    }


def make_batch(folder, jobs, **graph):
    document = Template.from_workflow(graph_of(**graph), name="sent").document()
    bind = {"node": "6", "input": "seed", "class_type": "ProbeSample"}
    document["parameters"] = [{"name": "seed", "type": "seed", "default": 1, "bind": [bind]}]
    rows = [{"seed": index} for index in range(jobs)]
    return Batch.create(folder, Template.read(document), rows, options=Options(patience_s=3))


@pytest.fixture(autouse=True)
def there(server):
    if not (server.base / "custom_nodes" / "websocket_image_save.py").exists():
        pytest.skip("this ComfyUI has no custom_nodes/websocket_image_save.py: somebody has deleted it")


@pytest.fixture
def client(server):
    with Client(server.url) as client:
        yield client


def pixels(path):
    with Image.open(path) as picture:
        return numpy.asarray(picture.convert("RGB"))


def test_what_is_sent_is_what_is_saved(client, tmp_path):
    graph = graph_of(7, count=3)
    graph["8"] = {"class_type": "SaveImage", "inputs": {"images": ["6", 0], "filename_prefix": "sent"}}
    result = client.submit(graph).wait(60)
    sent = [path for path in result.download(tmp_path) if path.name.startswith("websocket")]
    kept = [file for file in result.kept if file.node == "8"]
    assert [path.name for path in sent] == [f"websocket_0000{number}_.png" for number in (1, 2, 3)]
    for path, file in zip(sent, kept, strict=True):
        assert (pixels(path) == pixels(BytesIO(client.view(file)))).all()


def test_an_instant_job_and_a_cached_one_miss_nothing(client):
    for _ in range(20):
        assert [file.kind for file in client.submit(graph_of()).wait(60).kept] == ["images"]


def test_a_large_picture_that_is_on_its_way_when_the_job_has_ended(client):
    [file] = client.submit(graph_of(size=4000)).wait(60).kept
    assert Image.open(BytesIO(client.view(file))).size == (4000, 4000)


def test_waiting_again_after_a_timeout_misses_nothing(client):
    job = client.submit(graph_of(11, seconds=1.5))
    with pytest.raises(JobTimeout):
        job.wait(0.2)
    assert len(job.wait(60).kept) == 1
    assert len(job.wait(60).kept) == 1


def test_what_came_while_nobody_listened_is_missed_and_said(client):
    done = client.submit(graph_of(12))
    done.wait(60)
    with pytest.raises(PicturesMissed, match="run it again"):
        client.submit(graph_of(12), prompt_id=done.id).wait(60)
    [warning] = client.job(done.id).wait(60).warnings
    assert "Node 9 sends its pictures to whoever has queued the job" in warning


def test_a_job_that_would_lose_its_pictures_is_not_queued(server):
    before = len(server.get("/history"))
    knows_no_sockets = proxy_to(server.url)
    with knows_no_sockets as proxy, Client(proxy.url) as client, pytest.raises(PicturesMissed, match="does not open"):
        client.submit(graph_of(13))
    assert len(server.get("/history")) == before
    assert server.get("/prompt")["exec_info"]["queue_remaining"] == 0


def test_the_command_line_saves_them(server, tmp_path):
    path = Template.from_workflow(graph_of(14, count=2), name="sent").save(tmp_path)
    out = tmp_path / "pictures"
    assert main(["run", str(path), "--server", server.url, "--out", str(out)]) == 0
    assert [path.name for path in sorted(out.iterdir())] == ["websocket_00001_.png", "websocket_00002_.png"]


def test_a_batch_has_a_file_for_each(server, tmp_path):
    batch = make_batch(tmp_path / "run", 6, count=2)
    assert batch.run([server.url]).exit_code == 0
    names = sorted(path.name for path in batch.folder.outputs.iterdir())
    assert names == [f"0000{job}_websocket_0000{number}_.png" for job in range(6) for number in (1, 2)]
    assert batch.verify() == []


def test_a_job_that_ended_while_the_client_was_dead_is_done_again(server, client, tmp_path):
    batch = make_batch(tmp_path / "run", 3, seconds=0.3)
    assert batch.run([server.url]).exit_code == 0
    journal = tmp_path / "run" / "journal.jsonl"
    records = [json.loads(line) for line in journal.read_text().splitlines()]
    kept = [record for record in records if record["event"] == "submit" or record["index"] == 0]
    journal.write_text("".join(f"{json.dumps(record)}\n" for record in kept))
    for path in (tmp_path / "run" / "outputs").glob("0000[12]_*"):
        path.unlink()
    start = time.monotonic()
    assert Batch.open(tmp_path / "run").run([server.url]).exit_code == 0
    assert time.monotonic() - start < 20
    assert [row["attempt"] for row in batch.rows()] == [1, 2, 2]
    assert batch.verify() == []
