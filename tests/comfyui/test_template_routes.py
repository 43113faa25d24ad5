"""The routes of templates on a real server: what is written, what is refused, and that nothing leaves the folder."""

from __future__ import annotations

import http.client
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from switchyard_pack.switchyard.template import Template

from engine.pack import install_pack

ROUTE = "/switchyard/templates"
GRAPH = {
    "steps": {"class_type": "SwitchyardIntegerParameter", "inputs": {"name": "steps", "value": 20, "max": "50"}},
    "seen": {"class_type": "PreviewAny", "inputs": {"source": ["steps", 0]}},
}
WORKFLOW = {"version": 0.4, "nodes": [], "links": [], "groups": []}
BODY = {"name": "a", "title": "A & B", "description": "Größe", "output": GRAPH, "workflow": WORKFLOW}
JSON = {"Content-Type": "application/json"}


class Client:
    """Sends requests exactly as they are given: the path is not tidied up, the headers are not filled in."""

    def __init__(self, server):
        self.address = urlsplit(server.url).netloc
        self.folder = server.base / "user" / "default" / "switchyard" / "templates"

    def send(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.address, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            text = reply.read().decode()
            return reply.status, json.loads(text) if "json" in reply.headers.get("Content-Type", "") else text
        finally:
            connection.close()

    def get(self, path=ROUTE, **options):
        return self.send("GET", path, **options)

    def post(self, body, headers=JSON):
        return self.send("POST", ROUTE, json.dumps(body) if isinstance(body, dict) else body, headers)

    def rename(self, name, wanted, headers=JSON):
        return self.send("POST", f"{ROUTE}/{name}/rename", json.dumps({"to": wanted}), headers)


@pytest.fixture
def client(server):
    client = Client(server)
    shutil.rmtree(client.folder.parent, ignore_errors=True)
    return client


def refused(answer, status, *words):
    """The answer is a sentence for a person, and shows nothing of the code."""
    assert answer[0] == status, answer
    text = answer[1]["error"]
    assert set(answer[1]) == {"error"}
    assert "Traceback" not in text
    assert len(text) < 500
    for word in words:
        assert word in text


def test_looking_changes_nothing(client):
    assert client.get() == (200, {"templates": []})
    refused(client.get(f"{ROUTE}/a"), 404, "'a'")
    assert not client.folder.parent.exists()


def test_what_is_saved_is_what_the_code_makes_of_it(client, server):
    status, answer = client.post(BODY)
    assert status == 201
    known = {name: server.get(f"/object_info/{name}")[name] for name in ("SwitchyardIntegerParameter", "PreviewAny")}
    texts = {"title": "A & B", "description": "Größe"}
    made = Template.from_workflow(GRAPH, name="a", workflow=WORKFLOW, object_info=known, **texts)
    saved = Template.load(client.folder / "a.json")
    assert saved.document() == made.document()
    assert answer == {"name": "a", "parameters": made.document()["parameters"], "remarks": list(made.remarks)}
    assert saved.parameter("steps").max == 50
    assert os.listdir(client.folder) == ["a.json"]


def test_what_is_saved_is_listed_and_read_with_either_prefix(client):
    client.post(BODY)
    entry = {"name": "a", "title": "A & B", "description": "Größe", "parameters": 1, "error": None}
    for prefix in ("", "/api"):
        assert client.get(prefix + ROUTE) == (200, {"templates": [entry]})
        assert client.get(f"{prefix}{ROUTE}/a") == (200, json.loads((client.folder / "a.json").read_text("utf-8")))


def test_without_a_workflow_and_texts_a_graph_is_enough(client):
    assert client.post({"name": "bare", "output": GRAPH})[0] == 201
    assert client.get(f"{ROUTE}/bare")[1]["workflow"] is None


def test_a_template_is_only_overwritten_on_demand(client):
    client.post(BODY)
    changed = {**BODY, "title": "New"}
    refused(client.post(changed), 409, "already")
    assert client.get(f"{ROUTE}/a")[1]["title"] == "A & B"
    assert client.post({**changed, "overwrite": True})[0] == 201
    assert client.get(f"{ROUTE}/a")[1]["title"] == "New"


def test_of_posts_at_once_under_one_name_one_wins(client):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(client.post, [{**BODY, "title": str(number)} for number in range(8)]))
    assert sorted(status for status, _ in answers) == [201] + [409] * 7
    winner = next(number for number, (status, _) in enumerate(answers) if status == 201)
    assert client.get(f"{ROUTE}/a")[1]["title"] == str(winner)
    assert os.listdir(client.folder) == ["a.json"]


def test_posts_at_once_under_several_names_are_all_saved(client):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(client.post, [{**BODY, "name": f"n{number}"} for number in range(8)]))
    assert [status for status, _ in answers] == [201] * 8
    assert [entry["error"] for entry in client.get()[1]["templates"]] == [None] * 8


NAMES = (
    "../a", "..", ".", "", "a/b", "a\\b", "/a", "C:a", "a.json", "a\0", "a\n", " a", "A", "é", "-a", "_a",
    "con", "nul", "com1", "lpt9", "a" * 65, "%2e%2e", "a%2Fb", "\ud800", "x" * 100_000,
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_a_bad_name_is_refused(client, name):
    refused(client.post({**BODY, "name": name, "overwrite": True}), 400, "name")
    assert not client.folder.parent.exists()


@pytest.mark.parametrize("name", [None, 1, True, ["a"], {"a": 1}], ids=repr)
def test_a_name_that_is_no_text_is_refused(client, name):
    refused(client.post({**BODY, "name": name}), 400, "name")
    refused(client.post({key: value for key, value in BODY.items() if key != "name"}), 400, "name")


PATHS = (
    "..%2f..%2fusers",
    "%2e%2e%2fsecret",
    "..%5csecret",
    "a%00",
    "secret.json",
    "%2fetc%2fpasswd",
    "con",
    "A",
    "%ff",
)


@pytest.mark.parametrize("path", PATHS)
def test_nothing_outside_of_the_folder_can_be_read(client, path):
    client.post(BODY)
    secret = client.folder.parent / "secret.json"
    shutil.copy(client.folder / "a.json", secret)
    refused(client.get(f"{ROUTE}/{path}"), 400, "name")
    for dots in ("/../secret", "//a", "/a/", "/a/../a"):
        assert client.get(ROUTE + dots)[0] in (404, 405)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_links_that_leave_the_folder_are_listed_as_broken_and_not_followed(client):
    client.post(BODY)
    secret = client.folder.parent / "secret.json"
    shutil.move(client.folder / "a.json", secret)
    content = secret.read_bytes()
    (client.folder / "out.json").symlink_to(secret)
    (client.folder / "nowhere.json").symlink_to(client.folder.parent / "not_yet.json")
    (client.folder / "itself.json").symlink_to(client.folder / "itself.json")
    for name in ("out", "nowhere", "itself"):
        refused(client.get(f"{ROUTE}/{name}"), 400, "link")
        refused(client.post({**BODY, "name": name, "overwrite": True}), 400, "link")
    listed = client.get()[1]["templates"]
    assert {entry["name"]: bool(entry["error"]) for entry in listed} == {"out": True, "nowhere": True, "itself": True}
    assert "A & B" not in json.dumps(listed)
    assert secret.read_bytes() == content
    assert not (client.folder.parent / "not_yet.json").exists()


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "json"])
def test_what_a_form_of_another_site_can_send_is_refused(client, kind):
    refused(client.post(BODY, {"Content-Type": kind} if kind else {}), 415, "application/json")
    assert not client.folder.parent.exists()


def test_json_may_come_with_its_character_set(client):
    assert client.post(BODY, {"Content-Type": "application/json; charset=utf-8"})[0] == 201


BODIES = (
    b"", b"{", b"null", b"[]", b'"a"', b"1", b"\xff\xfe", b"[" * 100_000, b'{"name": NaN}', b'{"name": 1e999}',
    b'{"name": ' + b"9" * 10_000 + b"}",
)  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:14]))
def test_a_body_that_is_no_json_object_is_refused(client, body):
    refused(client.post(body), 400, "JSON")


def test_a_huge_body_is_refused(client):
    body = json.dumps({**BODY, "description": "x" * (33 * 2**20)}).encode()
    refused(client.post(body), 413, "32 MB")
    refused(client.post(iter([body[: 2**24], body[2**24 :]])), 413, "32 MB")  # its length is not said beforehand
    assert client.get() == (200, {"templates": []})


FIELDS = (
    ("title", 1), ("description", ["a"]), ("overwrite", "yes"), ("overwrite", 1), ("output", []), ("output", "{}"),
    ("output", None), ("workflow", []), ("workflow", "x"), ("workflow", {}), ("workflow", {"nodes": 1}),
)  # fmt: skip


@pytest.mark.parametrize(("key", "value"), FIELDS, ids=repr)
def test_a_field_of_the_wrong_kind_is_refused(client, key, value):
    refused(client.post({**BODY, key: value}), 400)
    assert not client.folder.parent.exists()


GRAPHS = (
    {}, {"1": 1}, {"1": {}}, {"1": {"class_type": 1, "inputs": {}}}, {"1": {"class_type": "X"}},
    {"1": {"class_type": "X", "inputs": []}}, {"1": {"class_type": "X", "inputs": {"a": ["2", 0]}}},
    {"1": {"class_type": "X", "inputs": {"a": ["1", 0]}}}, WORKFLOW,
    {"1": {"class_type": ["X"], "inputs": {}}}, {"1": {"class_type": "SwitchyardIntegerParameter", "inputs": {}}},
    {"1": {"class_type": "SwitchyardIntegerParameter", "inputs": {"name": "Bad name", "value": 1}}},
    {"1": {"class_type": "SwitchyardIntegerParameter", "inputs": {"name": "a", "value": 1, "min": "x"}}},
)  # fmt: skip


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: json.dumps(graph)[:60])
def test_a_graph_that_can_not_be_used_is_refused(client, graph):
    refused(client.post({**BODY, "output": graph, "workflow": None}), 400)
    assert not client.folder.parent.exists()


def test_files_that_are_no_templates_are_listed_with_what_is_wrong(client):
    client.post(BODY)
    document = (client.folder / "a.json").read_text("utf-8")
    files = {
        "cut": document[:99],
        "other": document,
        "newer": document.replace('"format_version": 1', '"format_version": 9'),
    }
    for name, text in files.items():
        (client.folder / f"{name}.json").write_text(text, "utf-8")
    (client.folder / "folder.json").mkdir()
    (client.folder / "notes.txt").write_text("no template")
    listed = {entry["name"]: entry["error"] for entry in client.get()[1]["templates"]}
    assert set(listed) == {"a", "cut", "folder", "newer", "other"}
    assert listed.pop("a") is None
    assert all(listed.values())
    assert str(client.folder) not in json.dumps(listed)
    assert "9" in listed["newer"]
    refused(client.get(f"{ROUTE}/cut"), 422, "cut.json")
    refused(client.get(f"{ROUTE}/folder"), 404)


def test_a_template_is_deleted_also_a_broken_one(client):
    client.post(BODY)
    (client.folder / "broken.json").write_text("{", "utf-8")
    for name in ("a", "broken"):
        assert client.send("DELETE", f"{ROUTE}/{name}") == (200, {"name": name})
        refused(client.send("DELETE", f"{ROUTE}/{name}"), 404, name)
    assert os.listdir(client.folder) == []


def test_a_template_is_renamed_and_nothing_else_of_it_changes(client):
    client.post(BODY)
    before = client.get(f"{ROUTE}/a")[1]
    assert client.rename("a", "b-2") == (200, {"name": "b-2"})
    assert client.get(f"{ROUTE}/b-2") == (200, {**before, "name": "b-2"})
    assert os.listdir(client.folder) == ["b-2.json"]
    refused(client.rename("a", "c"), 404, "'a'")


def test_a_template_is_not_renamed_over_another(client):
    client.post(BODY)
    client.post({**BODY, "name": "b", "title": "Other"})
    for wanted in ("b", "a"):
        refused(client.rename("a", wanted), 409, "already")
    assert [entry["title"] for entry in client.get()[1]["templates"]] == ["A & B", "Other"]


def test_a_broken_template_is_not_renamed(client):
    client.folder.mkdir(parents=True)
    (client.folder / "cut.json").write_text("{", "utf-8")
    refused(client.rename("cut", "b"), 422, "cut.json")
    assert os.listdir(client.folder) == ["cut.json"]


def test_of_renames_at_once_one_wins(client):
    client.post(BODY)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: client.rename("a", f"n{number}"), range(8)))
    assert sorted(status for status, _ in answers) == [200] + [404] * 7
    assert len(os.listdir(client.folder)) == 1


@pytest.mark.parametrize("path", PATHS)
def test_nothing_outside_of_the_folder_can_be_deleted_or_renamed(client, path):
    client.post(BODY)
    secret = client.folder.parent / "secret.json"
    shutil.copy(client.folder / "a.json", secret)
    refused(client.send("DELETE", f"{ROUTE}/{path}"), 400, "name")
    refused(client.rename(path, "b"), 400, "name")
    for dots in ("/../secret", "//a", "/a/", "/a/../a"):
        assert client.send("DELETE", ROUTE + dots)[0] in (404, 405)
    assert secret.is_file()
    assert os.listdir(client.folder) == ["a.json"]


@pytest.mark.parametrize("wanted", [*NAMES[:14], None, 1, ["a"]], ids=ascii)
def test_a_template_is_not_renamed_to_a_bad_name(client, wanted):
    client.post(BODY)
    refused(client.rename("a", wanted), 400, "name")
    assert os.listdir(client.folder) == ["a.json"]
    assert sorted(path.name for path in client.folder.parent.rglob("*.json")) == ["a.json"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_links_that_leave_the_folder_are_neither_deleted_nor_renamed(client):
    client.post(BODY)
    secret = client.folder.parent / "secret.json"
    shutil.copy(client.folder / "a.json", secret)
    (client.folder / "out.json").symlink_to(secret)
    refused(client.send("DELETE", f"{ROUTE}/out"), 400, "link")
    refused(client.rename("out", "b"), 400, "link")
    refused(client.rename("a", "out"), 400, "link")
    assert secret.is_file()
    assert sorted(os.listdir(client.folder)) == ["a.json", "out.json"]


def test_a_rename_that_a_form_of_another_site_can_send_is_refused(client):
    client.post(BODY)
    refused(client.rename("a", "b", {"Content-Type": "text/plain"}), 415, "application/json")
    assert os.listdir(client.folder) == ["a.json"]


def test_other_methods_change_nothing(client):
    client.post(BODY)
    for method in ("PUT", "PATCH"):
        for path in (ROUTE, f"{ROUTE}/a", f"{ROUTE}/a/rename"):
            assert client.send(method, path, json.dumps(BODY), JSON)[0] == 405
    assert client.send("DELETE", ROUTE)[0] == 405
    assert client.send("DELETE", f"{ROUTE}/a/rename")[0] == 405
    assert client.send("POST", f"{ROUTE}/a", json.dumps(BODY), JSON)[0] == 405
    assert client.get(f"{ROUTE}/a")[0] == 200


def test_the_server_logs_no_error_for_a_refusal(client, server):
    start = len(server.log_text())
    client.post({**BODY, "output": {"1": 1}})
    client.post(b"{")
    client.get(f"{ROUTE}/none")
    assert "Traceback" not in server.log_text()[start:]


def test_each_of_several_users_has_templates_of_their_own(make_server):
    server = make_server("several_users", "--multi-user")
    install_pack(server.base / "custom_nodes")
    with server:
        client = Client(server)
        users = [server.post("/users", {"username": name})[1] for name in ("ann", "bob")]
        ann, bob = ({"comfy-user": user} for user in users)
        assert client.post(BODY, {**JSON, **ann})[0] == 201
        assert client.get(f"{ROUTE}/a", headers=ann)[0] == 200
        assert client.get(headers=bob) == (200, {"templates": []})
        refused(client.get(f"{ROUTE}/a", headers=bob), 404)
        refused(client.send("DELETE", f"{ROUTE}/a", headers=bob), 404)
        refused(client.rename("a", "b", {**JSON, **bob}), 404)
        assert [path.parent.parent.parent.name for path in (server.base / "user").rglob("a.json")] == [users[0]]
        for stranger in ({}, {"comfy-user": "../default"}, {"comfy-user": "__system"}):
            refused(client.get(headers=stranger), 403, "user")
            refused(client.post(BODY, {**JSON, **stranger}), 403, "user")
