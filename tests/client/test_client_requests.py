"""What the client sends, and what it makes of answers, with a transport in the network's place."""

from __future__ import annotations

import base64
import json

import httpx
import pytest
from client_graphs import text_to_image
from switchyard import client as client_module
from switchyard import connection
from switchyard.client import Client, OutputFile
from switchyard.connection import Address
from switchyard.errors import (
    AuthRequired,
    OutputMissing,
    PartialPrompt,
    PromptRejected,
    ServerUnavailable,
    TemplateError,
)

ID = "2f5c3b1e-0000-4000-8000-000000000001"


class Server:
    """Answers by path; what is not told is not found. `asked` has all requests."""

    def __init__(self):
        self.asked, self.answers = [], {}
        self.answers["/queue"] = {"queue_running": [], "queue_pending": []}
        self.answers[f"/history/{ID}"] = {}

    def __call__(self, request):
        self.asked.append(request)
        answer = self.answers.get(request.url.path, 404)
        answer = answer.pop(0) if isinstance(answer, list) else answer
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(answer) if isinstance(answer, int) else httpx.Response(200, json=answer)

    def paths(self):
        return [f"{request.method} {request.url.path}" for request in self.asked]

    def client(self, url="http://host:8188", **options):
        return Client(url, transport=httpx.MockTransport(self), **options)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(client_module, "_LOOKS_S", (0.0, 0.0))
    monkeypatch.setattr(connection, "_RETRIES_S", (0.0, 0.0))
    return Server()


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("localhost:8188", "http://localhost:8188"),
        ("https://host/comfy/", "https://host/comfy"),
        ("http://[::1]:8188", "http://[::1]:8188"),
        ("https://me:s3cret@host:1/a/b?x=1#y", "https://host:1/a/b"),
    ],
)
def test_an_address(written, url):
    assert Address.read(written).url == url


@pytest.mark.parametrize("written", ["", "ftp://host", "http://", "http://me:s3cret@host:port", "http://me:s3cret@"])
def test_an_address_that_is_none_shows_no_password(written):
    with pytest.raises(ServerUnavailable) as caught:
        Client(written)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "is_here"), [("localhost", True), ("127.3.2.1", True), ("[::1]", True), ("a.b", False)]
)
def test_this_computer_is_known(host, is_here):
    assert Address.read(host).is_here == is_here


def test_path_password_and_headers_go_along(server):
    server.answers["/comfy/prompt"] = {"exec_info": {"queue_remaining": 3}}
    client = server.client("https://me:p%40ss@host/comfy", headers={"X-Team": "blue"})
    assert client.queue_length() == 3
    assert server.asked[0].headers["X-Team"] == "blue"
    expected = {"X-Team": "blue", "Authorization": f"Basic {base64.b64encode(b'me:p@ss').decode()}"}
    assert server.asked[0].headers["Authorization"] == expected["Authorization"]
    assert client._connection.socket_headers() == expected
    assert client.url == "https://host/comfy"


@pytest.mark.parametrize("status", [401, 403, 407])
def test_who_is_not_let_in_is_told_and_no_password_is_shown(server, status):
    server.answers["/object_info"] = status
    with pytest.raises(AuthRequired, match="name and password") as caught:
        server.client("http://me:s3cret@host").object_info()
    assert "s3cret" not in str(caught.value)


def test_an_address_that_has_moved_is_told(server):
    server.answers["/object_info"] = httpx.Response(
        301, headers={"Location": "https://u:s3cret@new/comfy?token=s3cret"}
    )
    with pytest.raises(ServerUnavailable, match="https://new/comfy:") as caught:
        server.client().object_info()
    assert "s3cret" not in str(caught.value)


def test_an_answer_that_got_lost_is_asked_for_again_twice(server):
    lost = httpx.RemoteProtocolError("gone")
    server.answers["/prompt"] = [lost, httpx.Response(502), {"exec_info": {"queue_remaining": 1}}]
    assert server.client().queue_length() == 1
    server.answers["/prompt"] = [lost, lost, lost, {}]
    with pytest.raises(ServerUnavailable, match="broke off"):
        server.client().queue_length()


def test_where_nobody_listens_is_asked_once(server):
    server.answers["/prompt"] = httpx.ConnectError("refused")
    with pytest.raises(ServerUnavailable, match="Is it running"):
        server.client().queue_length()
    assert len(server.asked) == 1


def test_a_certificate_that_is_not_trusted_is_said_so(server):
    server.answers["/prompt"] = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")
    with pytest.raises(ServerUnavailable, match=r"not trusted.*--insecure"):
        server.client("https://host").queue_length()


def test_server_info(server):
    system = {"comfyui_version": "0.3.75", "python_version": "3.11.7 (main)", "pytorch_version": "2.9"}
    server.answers["/system_stats"] = {"system": system, "devices": [{"name": "cpu"}]}
    found = server.client().server_info()
    assert (found.version, found.python, found.pytorch, found.devices) == (
        "0.3.75",
        "3.11.7",
        "2.9",
        ({"name": "cpu"},),
    )


def test_a_place_in_the_queue(server):
    server.answers["/queue"] = {
        "queue_running": [[1, "a", {}]],
        "queue_pending": [[5, "c", {}], [4, "b", {}], [9, ID, {}]],
    }
    places = [server.client().place_in_queue(name) for name in ("a", "b", "c", ID, "none")]
    assert places == [0, 1, 2, 3, None]


def submitted(server):
    return [json.loads(request.content) for request in server.asked if request.url.path == "/prompt"]


def test_a_job_that_is_known_is_adopted_and_not_queued(server):
    server.answers["/queue"] = {"queue_running": [[1, ID, {}]], "queue_pending": []}
    assert server.client().submit(text_to_image(), prompt_id=ID).adopted
    server.answers["/queue"] = {"queue_running": [], "queue_pending": []}
    server.answers[f"/history/{ID}"] = {ID: {"outputs": {}}}
    assert server.client().submit(text_to_image(), prompt_id=ID).adopted
    assert submitted(server) == []
    assert server.paths()[-2:] == ["GET /queue", f"GET /history/{ID}"]  # in this order nothing slips through


@pytest.mark.parametrize("lost", [httpx.ReadError("reset"), httpx.ReadTimeout("slow"), httpx.Response(500)])
def test_a_job_whose_answer_got_lost_is_adopted(server, lost):
    server.answers["/prompt"] = lost
    server.answers[f"/history/{ID}"] = [{}, {}, {ID: {"outputs": {}}}]
    assert server.client().submit(text_to_image(), prompt_id=ID).adopted
    assert len(submitted(server)) == 1


def test_a_submission_that_got_lost_itself_is_made_again(server):
    server.answers["/prompt"] = [httpx.ReadError("reset"), {"prompt_id": ID, "node_errors": {}}]
    job = server.client().submit(text_to_image(), prompt_id=ID, front=True, extra_data={"a": 1}, extra_pnginfo={"w": 2})
    assert not job.adopted
    first, second = submitted(server)
    assert first == second
    assert second["prompt_id"] == ID
    assert second["front"] is True
    assert second["extra_data"] == {"a": 1, "extra_pnginfo": {"w": 2}}


def test_a_submission_that_is_only_slow_may_be_on_its_way_and_is_not_made_again(server):
    server.answers["/prompt"] = httpx.ReadTimeout("slow")
    with pytest.raises(ServerUnavailable, match="too long"):
        server.client().submit(text_to_image(), prompt_id=ID)
    assert len(submitted(server)) == 1


def test_a_submission_that_never_gets_through_ends(server):
    server.answers["/prompt"] = httpx.Response(500, text="500 Internal Server Error")
    with pytest.raises(ServerUnavailable, match="answers 500"):
        server.client().submit(text_to_image(), prompt_id=ID)
    assert len(submitted(server)) == 3


def test_what_is_too_large_is_rejected(server):
    server.answers["/prompt"] = httpx.Response(413, text="Maximum request body size exceeded")
    with pytest.raises(PromptRejected, match="Maximum request body size"):
        server.client().submit(text_to_image())


def test_a_partly_invalid_graph_is_taken_back(server):
    error = {"message": "Required input is missing", "details": "images", "extra_info": {"input_name": "images"}}
    server.answers.update({"/prompt": {"prompt_id": ID, "node_errors": {"8": {"errors": [error]}}}, "/interrupt": {}})
    with pytest.raises(PartialPrompt, match=r"node 8 \(SaveImage\), images: Required input is missing"):
        server.client().submit(text_to_image(), prompt_id=ID)
    assert server.paths()[-2:] == ["POST /queue", "POST /interrupt"]
    (warning,) = server.client().submit(text_to_image(), prompt_id=ID, allow_partial=True).warnings
    assert "node 8" in warning


@pytest.mark.parametrize(
    "change", [{"9": {"class_type": "SaveImage", "inputs": {"images": ["nope", 0]}}}, {"nodes": []}]
)
def test_what_is_no_graph_is_not_sent(server, change):
    with pytest.raises(TemplateError):
        server.client().submit({**text_to_image(), **change})
    assert server.asked == []


def test_a_file_is_sent_and_known_by_the_servers_name(server, tmp_path):
    (tmp_path / "cat.png").write_bytes(b"a cat")
    server.answers["/upload/image"] = {"name": "cat (1).png", "subfolder": "pets", "type": "input"}
    assert server.client().upload(tmp_path / "cat.png", subfolder="pets") == "pets/cat (1).png"
    assert b'filename="cat.png"' in server.asked[0].content
    assert b"a cat" in server.asked[0].content
    with pytest.raises(TemplateError, match=r"dog\.png can't be read"):
        server.client().upload(tmp_path / "dog.png")


def test_a_saved_file_is_hashed_and_may_have_another_name(server, tmp_path):
    server.answers["/view"] = [httpx.ReadError("reset"), httpx.Response(200, content=b"abc")]
    saved = server.client().download(OutputFile("8", "a.png", "sub", "temp"), tmp_path, name="b.png")
    assert saved.path == tmp_path / "b.png"
    assert saved.bytes == 3
    assert saved.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert dict(server.asked[-1].url.params) == {"filename": "a.png", "subfolder": "sub", "type": "temp"}
    assert [path.name for path in tmp_path.iterdir()] == ["b.png"]


def test_a_file_that_never_comes_whole_leaves_nothing(server, tmp_path):
    server.answers["/view"] = httpx.ReadError("reset")
    with pytest.raises(ServerUnavailable, match="broke off"):
        server.client().download(OutputFile("8", "a.png", "", "output"), tmp_path)
    assert len(server.asked) == 3
    assert list(tmp_path.iterdir()) == []
    server.answers["/view"] = 404
    with pytest.raises(OutputMissing):
        server.client().view(OutputFile("8", "a.png", "", "output"))


def test_without_httpx_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "httpx", None)
    with pytest.raises(connection.SwitchyardError, match=r"pip install .*\[client\]"):
        Client()


def test_a_name_as_long_as_a_name_can_be_is_saved(tmp_path):
    """Names have 255 bytes, and a Chinese sign has three of them."""
    file = OutputFile("8", "画" * 83 + ".png", "", "output", data=b"picture")
    saved = Client().download(file, tmp_path)
    assert saved.path.name == file.filename
    assert saved.path.read_bytes() == b"picture"
