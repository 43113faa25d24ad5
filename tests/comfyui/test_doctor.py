"""`switchyard doctor` on a real server: what it says is so."""

from __future__ import annotations

import json

from switchyard.cli import main


def test_it_looks_a_real_server_over(server, capsys):
    assert main(["doctor", "--server", server.url, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["version"] == server.get("/system_stats")["system"]["comfyui_version"]
    assert said["devices"][0]["type"] == "cpu"
    assert said["abilities"]["events"] is True
    assert said["abilities"]["page_templates"] is True
    assert main(["doctor", "--server", server.url]) == 0
    assert "come over the WebSocket" in capsys.readouterr().out
