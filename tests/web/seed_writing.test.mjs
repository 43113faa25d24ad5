import assert from "node:assert/strict"
import test from "node:test"
import { liveGraph, placesOf } from "../../web/js/lib/live_graph.mjs"
import { planWrites, write } from "../../web/js/lib/seed_writing.mjs"

/** Graphs with as much of the page's own as is asked for. */
function graphOf(nodes, wires = []) {
  const links = new Map()
  const graph = { nodes, links, inputNode: { slots: [] }, outputNode: { slots: [] } }
  for (const node of nodes) Object.assign(node, { graph, getInputLink: (slot) => [...links.values()].find((link) => link.target_id === node.id && link.target_slot === slot) ?? null })
  for (const [id, [from, slot, to, name]] of wires.entries()) {
    const target = nodes.find((node) => node.id === to)
    const target_slot = target ? target.inputs.findIndex((input) => input.name === name) : name
    const link = { origin_id: from, origin_slot: slot, target_id: to, target_slot }
    link.resolve = () => ({
      outputNode: nodes.find((node) => node.id === from),
      subgraphInput: from === "in" ? graph.inputNode.slots[slot] : undefined,
    })
    if (from === "in") graph.inputNode.slots[slot] ??= { name: `in ${slot}` }
    if (to === "out") graph.outputNode.slots[name] = { linkIds: [id] }
    links.set(id, link)
  }
  return graph
}

function nodeOf(id, comfyClass, inputs = [], widgets = {}, more = {}) {
  const made = { id, comfyClass, type: comfyClass, title: `node ${id}`, mode: 0, inputs: inputs.map((name) => ({ name, type: "*", widget: name in widgets ? { name } : undefined })), ...more }
  made.widgets = Object.entries(widgets).map(([name, value]) => ({ name, value, options: {} }))
  made.getWidgetFromSlot = (input) => made.widgets.find((widget) => widget.name === input.name)
  return made
}

const gate = (more = {}) => nodeOf(8, "SwitchyardQualityGate", ["value", "score"], { replay: "", ...more })
const sampler = (id = 5) => nodeOf(id, "KSampler", ["seed"], { seed: 3, control_after_generate: "randomize" })

function controlled(node) {
  const control = node.widgets.find((widget) => widget.name === "control_after_generate")
  control.options = { values: ["fixed", "increment", "randomize"] }
  return node
}

const candidate = (literals, replay = "") => ({ literals, replay })

test("a graph is what would be sent: widgets, links, and neither muted nodes nor what leads to them", () => {
  const graph = graphOf(
    [sampler(), nodeOf(6, "Save", ["images"]), nodeOf(7, "Muted", [], {}, { mode: 2 }), nodeOf(9, "Save", ["images"])],
    [[5, 0, 6, "images"], [7, 0, 9, "images"]],
  )
  const { graph: sent, isWhole } = liveGraph(graph)
  assert.deepEqual(Object.keys(sent), ["5", "6", "9"])
  assert.deepEqual(sent[5].inputs, { seed: 3, control_after_generate: "randomize" })
  assert.deepEqual([sent[6].inputs, sent[9].inputs], [{ images: ["5", 0] }, {}])
  assert.ok(isWhole)
})

test("links are followed through bypassed nodes, reroutes and primitives", () => {
  const graph = graphOf(
    [
      sampler(),
      nodeOf(2, "Blur", ["image"], {}, { mode: 4 }),
      nodeOf(3, "Reroute", ["in"], {}, { isVirtualNode: true }),
      nodeOf(4, "PrimitiveNode", [], { value: 77 }, { isVirtualNode: true }),
      nodeOf(6, "Save", ["images"]),
    ],
    [[5, 0, 2, "image"], [2, 0, 3, "in"], [3, 0, 6, "images"], [4, 0, 5, "seed"]],
  )
  const { graph: sent } = liveGraph(graph)
  assert.deepEqual(sent[6].inputs.images, ["5", 0])
  assert.equal(sent[5].inputs.seed, 77)
  assert.deepEqual(Object.keys(sent), ["5", "6"])
})

test("a node that hands on in ways of its own makes the graph incomplete", () => {
  const graph = graphOf([nodeOf(1, "GetNode", [], {}, { isVirtualNode: true }), nodeOf(6, "Save", ["images"])], [[1, 0, 6, "images"]])
  assert.equal(liveGraph(graph).isWhole, false)
})

/** A sampler in a subgraph whose seed comes from the subgraph's node. */
function nested() {
  const inner = graphOf([controlled(sampler(3))], [["in", 0, 3, "seed"], [3, 0, "out", 0]])
  const outer = nodeOf(7, "sub", ["seed"], { seed: 12 }, { isSubgraphNode: () => true, subgraph: inner })
  return { inner, outer, root: graphOf([outer, nodeOf(6, "Save", ["images"]), gate()], [[7, 0, 6, "images"]]) }
}

test("subgraphs are entered and left", () => {
  const { root } = nested()
  const { graph: sent } = liveGraph(root)
  assert.equal(sent["7:3"].inputs.seed, 12)
  assert.deepEqual(sent[6].inputs.images, ["7:3", 0])
})

test("a value lives where it decides", () => {
  const { root, outer, inner } = nested()
  assert.deepEqual(placesOf(root, "7:3", "seed").places, [{ node: outer, widget: outer.widgets[0] }])
  assert.equal(placesOf(root, "7:3", "seed").own.widget, inner.nodes[0].widgets[0])
  assert.equal(placesOf(root, "7:9", "seed"), null)
  assert.equal(placesOf(root, "6", "seed"), null)
})

test("seeds are written, and stay", () => {
  const { root, outer, inner } = nested()
  const plan = planWrites(root, "8", candidate({ "7:3": { seed: 9 } }, "all"))
  assert.equal(plan.problem, null)
  assert.equal(outer.widgets[0].value, 12, "nothing is written before")
  write(plan.writes, {})
  assert.equal(outer.widgets[0].value, 9)
  assert.equal(inner.nodes[0].widgets[1].value, "fixed")
  assert.equal(root.nodes[2].widgets[0].value, "all")
})

test("a seed comes from a primitive", () => {
  const primitive = nodeOf(4, "PrimitiveNode", [], { value: 77, control_after_generate: "increment" }, { isVirtualNode: true })
  const graph = graphOf([controlled(sampler()), controlled(primitive), gate()], [[4, 0, 5, "seed"]])
  write(planWrites(graph, "8", candidate({ 5: { seed: 9 } })).writes, {})
  assert.deepEqual([primitive.widgets[0].value, primitive.widgets[1].value], [9, "fixed"])
})

test("what can't be written is told, and then nothing is", () => {
  const graph = graphOf([sampler(), nodeOf(6, "Save", ["images"]), gate()])
  const problem = (literals) => planWrites(graph, "8", candidate(literals)).problem
  assert.equal(problem({ 5: { seed: "9007199254740993" } }), "inexact")
  assert.equal(problem({ 5: { seed: 2 ** 53 } }), "inexact")
  assert.equal(problem({ 5: { seed: 2 ** 53 - 1 } }), null)
  assert.equal(problem({ 99: { seed: 1 } }), "gone")
  assert.equal(problem(null), "none")
})

test("one value that would have to be two is told", () => {
  const inner = graphOf([controlled(sampler(3))], [])
  const instance = (id) => nodeOf(id, "sub", [], {}, { isSubgraphNode: () => true, subgraph: inner })
  const graph = graphOf([instance(1), instance(2), gate()])
  assert.equal(planWrites(graph, "8", candidate({ "1:3": { seed: 1 }, "2:3": { seed: 2 } })).problem, "shared")
  assert.equal(planWrites(graph, "8", candidate({ "1:3": { seed: 1 }, "2:3": { seed: 1 } })).problem, null)
})

test("a general parameter holds its number as text, of any size", () => {
  const graph = graphOf([nodeOf(5, "TemplateParam", [], { value: "12" }), gate()])
  write(planWrites(graph, "8", candidate({ 5: { value: "18446744073709551615" } })).writes, {})
  assert.equal(graph.nodes[0].widgets[0].value, "18446744073709551615")
})
