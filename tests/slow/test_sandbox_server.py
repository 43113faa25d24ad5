"""Starting, asking and stopping a server, with a stand-in that speaks a little HTTP."""

from __future__ import annotations

import json
import runpy
import socket
import sys
from pathlib import Path

import pytest

from engine.console import SandboxError
from engine.server import Server, check_port, free_port

STAND_IN = """
import http.server, json, sys
port = int(sys.argv[sys.argv.index("--port") + 1])
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def answer(self, status, body):
        self.send_response(status); self.end_headers(); self.wfile.write(body)
    def do_GET(self): self.answer(200, json.dumps({"argv": sys.argv}).encode())
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(400 if b"refuse" in body else 200, body)
print("listening", flush=True)
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.fixture
def stand_in(tmp_path):
    comfyui = tmp_path / "comfyui"
    comfyui.mkdir()
    (comfyui / "main.py").write_text(STAND_IN)
    server = Server(Path(sys.executable), comfyui, tmp_path / "base", arguments=("--cpu",))
    yield server
    server.stop()


def test_it_starts_answers_and_stops(stand_in):
    with stand_in:
        argv = stand_in.get("/system_stats")["argv"]
        assert argv[1:5] == ["--port", str(stand_in.port), "--base-directory", str(stand_in.base)]
        assert argv[-1] == "--cpu"
        assert "listening" in stand_in.log_text()
    with pytest.raises(OSError, match="refused"):
        stand_in.get("/system_stats", timeout_s=2)


def test_it_has_folders_of_its_own(stand_in):
    for folder in ("custom_nodes", "input", "models", "output", "user"):
        assert (stand_in.base / folder).is_dir()


def test_a_refusal_is_an_answer_and_not_an_exception(stand_in):
    with stand_in:
        assert stand_in.post("/prompt", {"ok": 1}) == (200, {"ok": 1})
        assert stand_in.post("/prompt", {"refuse": 1}) == (400, {"refuse": 1})


def test_a_server_that_ends_while_starting_shows_the_end_of_its_log(tmp_path):
    (tmp_path / "main.py").write_text("import sys; print('no such module: torch'); sys.exit(3)")
    server = Server(Path(sys.executable), tmp_path, tmp_path / "base")
    with pytest.raises(SandboxError, match="exit code 3") as error:
        server.start()
    assert "no such module: torch" in str(error.value)


def test_a_server_that_never_answers_is_stopped(tmp_path):
    (tmp_path / "main.py").write_text("import time; time.sleep(60)")
    server = Server(Path(sys.executable), tmp_path, tmp_path / "base")
    with pytest.raises(SandboxError, match="did not answer within 1 s"):
        server.start(timeout_s=1)
    assert server._process is None


@pytest.mark.parametrize(
    "folder", ["/home/a b/models", "C:\\Users\\Jürgen\\models", "/tmp/it's: here", "/tmp/🎨 art", "/x/模型"]
)
def test_the_models_folder_is_named_in_valid_yaml(tmp_path, folder):
    server = Server(Path(sys.executable), tmp_path, tmp_path / "base", models=Path(folder))
    server.command()
    line = (server.base / "extra_model_paths.yaml").read_bytes().decode("utf-8").splitlines()[1]
    assert json.loads(line.removeprefix("  base_path: ")) == folder  # a JSON string is a YAML string,
    assert "\\u" not in line  # but for letters beyond U+FFFF, which JSON may escape as two


def test_ports_are_free():
    assert len({free_port() for _ in range(3)}) >= 1
    assert 1024 < free_port() < 65536


@pytest.fixture
def taken_port():
    """A port that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_that_somebody_else_listens_on_is_refused(tmp_path, taken_port):
    (tmp_path / "main.py").write_text("")
    server = Server(Path(sys.executable), tmp_path, tmp_path / "base", port=taken_port)
    with pytest.raises(SandboxError, match=f"^Port {taken_port} is in use; use --port N.$"):
        server.start()
    assert server._process is None


@pytest.mark.parametrize("port", [-1, 65536])
def test_what_is_no_port_is_refused(port):
    with pytest.raises(SandboxError, match=f"^Port {port} does not exist; use --port N"):
        check_port(port)


def test_a_port_that_was_just_given_up_is_free_again(stand_in):
    with stand_in:
        stand_in.get("/system_stats")
    check_port(stand_in.port)


def test_a_start_that_is_interrupted_leaves_nothing_running(stand_in, monkeypatch):
    started = []

    def interrupt(path, timeout_s):
        started.append(stand_in._process)
        raise KeyboardInterrupt

    monkeypatch.setattr(stand_in, "get", interrupt)
    with pytest.raises(KeyboardInterrupt):
        stand_in.start()
    assert started[0].poll() is not None


def test_a_server_that_ends_with_an_error_says_so(tmp_path):
    (tmp_path / "main.py").write_text("import sys; print('out of memory'); sys.exit(9)")
    server = Server(Path(sys.executable), tmp_path, tmp_path / "base")
    server._wait_for_answer = lambda process, timeout_s: None
    with server.start(), pytest.raises(SandboxError, match="exit code 9") as error:
        server.wait()
    assert "out of memory" in str(error.value)


def test_a_comfyui_without_its_sample_picture_is_served_with_ours_alone(tmp_path):
    conftest = runpy.run_path(str(Path(__file__).resolve().parent.parent / "conftest.py"))
    ours = {path.name for path in conftest["sample_pictures"](tmp_path)}
    assert ours == {"astronaut.png", "grace_hopper.jpg"}
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "example.png").write_bytes(b"")
    assert {path.name for path in conftest["sample_pictures"](tmp_path)} == {*ours, "example.png"}
