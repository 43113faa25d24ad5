"""Drives ComfyUI's real page: loads workflows, plugs nodes, reads what the page would send to the server."""

from __future__ import annotations

import json
from typing import Any

PACK = "switchyard-nodes"
LAUNCH = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_READY = "window.app?.extensionManager && app.canvas && app.rootGraph && !app.extensionManager.spinner"
_EMPTY = {"version": 0.4, "nodes": [], "links": [], "groups": [], "last_node_id": 0, "last_link_id": 0}
# Finds nodes by title, also inside subgraphs, and slots by name.
_HELPERS = """
window.probe = {
  graphs: () => [app.rootGraph, ...(app.rootGraph.subgraphs?.values() ?? [])],
  node: (title) => probe.graphs().flatMap((graph) => graph.nodes).find((node) => node.title === title),
  input: (node, name) => node.inputs.findIndex((input) => input.name === name),
  // Where a node is drawn, title included, in the graph's units; Nodes 2.0 draws elements of heights of its own.
  box: (node) => {
    const element = document.querySelector(`[data-node-id="${node.id}"]`)
    if (!element) return [...node.boundingRect]
    const { x, y, width, height } = element.getBoundingClientRect()
    const around = app.canvas.canvas.getBoundingClientRect()
    const { scale, offset } = app.canvas.ds
    return [(x - around.x) / scale - offset[0], (y - around.y) / scale - offset[1], width / scale, height / scale]
  },
  settle: () => new Promise((done) => setTimeout(done, 60)),
}
"""


def what_is_sent(graph: dict[str, Any]) -> dict[str, Any]:
    """A graph without titles, and without the text field that older pages send along for PreviewAny."""
    sent = {name: {key: spec[key] for key in ("class_type", "inputs")} for name, spec in graph.items()}
    for spec in sent.values():
        if spec["class_type"] == "PreviewAny":
            spec["inputs"] = {"source": spec["inputs"]["source"]}
    return sent


class Canvas:
    """One open page.

    Attributes:
        page: playwright's page.
        server: the server behind it.
        complaints: console messages and errors that name the pack.
    """

    def __init__(self, page: Any, server: Any, pack: str) -> None:
        self.page = page
        self.server = server
        self.complaints: list[str] = []
        page.on("console", lambda message: self._note(message.type, f"{message.text} {message.location}", pack))
        page.on("pageerror", lambda error: self._note("error", f"{error} {error.stack}", pack))

    def _note(self, kind: str, text: str, pack: str) -> None:
        ours = f"/extensions/{pack}/" in text or "Switchyard" in text
        if "Failed to load resource" in text:  # the page asks the registry about every node: no concern of ours
            ours = f"/extensions/{pack}/" in text
        if ours and kind in ("error", "warning") and "Content Security Policy" not in text:
            self.complaints.append(f"{kind}: {text}")

    def open(self) -> Canvas:
        self.page.goto(self.server.url, timeout=120_000)
        self.page.wait_for_function(_READY, timeout=120_000)
        self.page.evaluate(_HELPERS)
        return self

    def load(self, workflow: dict[str, Any] | None = None) -> None:
        """Loads a workflow in UI format (an empty one by default)."""
        self.page.evaluate("async (workflow) => { await app.loadGraphData(workflow) }", workflow or _EMPTY)
        self.settle()

    def start_over(self) -> None:
        """Loads an empty workflow and closes all others but the one before.

        Every load opens a tab. The page draws all tabs anew on each load and keeps each one's steps for undo: with
        hundreds of them everything took three times as long, and the page held gigabytes.
        """
        self.page.evaluate(
            """async () => {
                const { openWorkflows, activeWorkflow, closeWorkflow } = app.extensionManager.workflow
                for (const one of [...openWorkflows]) if (one !== activeWorkflow) await closeWorkflow(one)
            }"""
        )
        for _ in range(5):  # dialogs that a test before has left open
            if not self.page.locator(".p-dialog-mask").count():
                break
            self.page.keyboard.press("Escape")
            self.page.wait_for_timeout(200)
        self.load()

    def settle(self) -> None:
        self.page.evaluate("() => probe.settle()")

    def stand_still(self) -> None:
        """Waits until Nodes 2.0 has measured its nodes and moved them: until they stay for twenty frames in a row."""
        self.page.evaluate(
            """async () => {
                if (!document.querySelector("[data-node-id]")) return
                const deadline = performance.now() + 10_000
                let before = null
                for (let frames = 0; frames < 20 && performance.now() < deadline; frames++) {
                    await new Promise(requestAnimationFrame)
                    const now = JSON.stringify(app.rootGraph.nodes.map(probe.box))
                    if (now !== before) frames = 0
                    before = now
                }
            }"""
        )

    def add(self, kind: str, title: str | None = None) -> str:
        """Adds a node; gives the title that it is found by from now on."""
        self.page.evaluate(
            """([kind, title]) => {
                const node = LiteGraph.createNode(kind)
                node.title = title
                const count = app.rootGraph.nodes.length
                node.pos = [60 + 330 * (count % 4), 80 + 320 * Math.floor(count / 4)]
                app.rootGraph.add(node)
            }""",
            [kind, title or kind],
        )
        return title or kind

    def plug(self, source: str, target: str, name: str, output: int = 0) -> None:
        self.page.evaluate(
            """([source, output, target, name]) => {
                const node = probe.node(target)
                probe.node(source).connect(output, node, probe.input(node, name))
            }""",
            [source, output, target, name],
        )
        self.settle()

    def unplug(self, target: str, name: str) -> None:
        self.page.evaluate(
            "([title, name]) => { const n = probe.node(title); n.disconnectInput(probe.input(n, name)) }",
            [target, name],
        )
        self.settle()

    def into_subgraph(self, *titles: str) -> None:
        """Converts nodes to one subgraph, which is found by the title "subgraph"."""
        self.page.evaluate(
            """(titles) => {
                const { node } = app.rootGraph.convertToSubgraph(new Set(titles.map(probe.node)))
                node.title = "subgraph"
            }""",
            list(titles),
        )
        self.settle()

    def set_mode(self, title: str, mode: str) -> None:
        """Mutes or bypasses a node, as the page's own commands do."""
        self.page.evaluate(
            "([title, mode]) => { probe.node(title).mode = mode }", [title, {"muted": 2, "bypassed": 4}[mode]]
        )

    def set_widget(self, title: str, name: str, value: Any) -> None:
        self.page.evaluate(
            "([title, name, value]) => { probe.node(title).widgets.find((w) => w.name === name).value = value }",
            [title, name, value],
        )

    def output_type(self, title: str, output: int = 0) -> str:
        return self.page.evaluate("([title, i]) => probe.node(title).outputs[i].type", [title, output])

    def serialized(self) -> dict[str, Any]:
        return json.loads(self.page.evaluate("() => JSON.stringify(app.rootGraph.serialize())"))

    def reload_workflow(self) -> None:
        """Saves the workflow and loads what was saved."""
        self.load(self.serialized())

    def prompt(self) -> dict[str, Any]:
        """What the page would send to the server, in API format."""
        return self.page.evaluate("async () => (await app.graphToPrompt()).output")

    def run(self, timeout_s: float = 120) -> dict[str, Any]:
        """Queues the graph and waits for the end; gives the event that ended it, or "rejected" or "timeout"."""
        self.page.evaluate(
            """(timeout) => {
                const { api } = window.comfyAPI.api
                const ends = ["execution_success", "execution_error", "execution_interrupted"]
                const over = new AbortController()
                probe.ended = new Promise((done) => {
                    for (const type of ends)
                        api.addEventListener(type, ({ detail }) => done({ type, ...detail }), { signal: over.signal })
                    over.timer = setTimeout(() => done({ type: "timeout" }), timeout)
                }).finally(() => {
                    over.abort()
                    clearTimeout(over.timer)
                })
            }""",
            timeout_s * 1000,
        )
        with self.page.expect_response(lambda reply: reply.request.method == "POST" and "/prompt" in reply.url) as sent:
            self.page.evaluate("async () => { await app.queuePrompt(0, 1) }")
        end = self.page.evaluate("() => probe.ended") if sent.value.ok else {"type": "rejected"}
        self.page.keyboard.press("Escape")  # closes the dialog that an error opens
        return end

    def boxes(self) -> list[tuple[str, list[float]]]:
        """The nodes as they are drawn: title, and left, top, width and height."""
        return self.page.evaluate("() => app.rootGraph.nodes.map((node) => [node.title, probe.box(node)])")

    def groups(self) -> list[list[float]]:
        """Left, top, width and height of the groups."""
        return self.page.evaluate("() => app.rootGraph.groups.map((group) => [...group.pos, ...group.size])")

    def missing_nodes(self) -> list[str]:
        """The types of loaded nodes that no pack provides."""
        return self.page.evaluate(
            """() => probe.graphs().flatMap((graph) => graph.nodes)
                .filter((node) => !node.isSubgraphNode?.() && !LiteGraph.registered_node_types[node.type])
                .map((node) => node.type)"""
        )


def open_canvas(browser: Any, server: Any, renderer: str) -> Canvas:
    """Opens the page of a server in one of its renderers: "classic" or "nodes 2.0"."""
    settings = {
        "Comfy.TutorialCompleted": True,
        "Comfy.InstalledVersion": "1.32.9",
        "Comfy.VersionCompatibility.DisableWarnings": True,
        "Comfy.VueNodes.Enabled": renderer == "nodes 2.0",
        "Comfy.Validation.Workflows": False,
    }
    server.post("/api/settings", settings)
    return Canvas(browser.new_page(viewport={"width": 1600, "height": 900}), server, PACK).open()
