import assert from "node:assert/strict"
import test from "node:test"
import { appInputs, fedBy, findParameters, groupAround, holderOf, readFields } from "../../web/js/lib/canvas_parameters.mjs"
import { nodeAt } from "../../web/js/lib/graph_nodes.mjs"
import { freeParameterName, grouped, judgedGraph, labelOf, randomWhole, shownValue, stepped } from "../../web/js/lib/parameter_rows.mjs"
import { ask } from "../../web/js/lib/server_answers.mjs"

const row = (id, fields = {}, more = {}) => ({
  id,
  classType: "SwitchyardIntegerParameter",
  fields: { name: id, value: 1, label: "", group: "", order: 0, ...fields },
  title: "Integer Parameter",
  around: "",
  isSilent: false,
  linkedTo: undefined,
  fed: {},
  ...more,
})

test("rows come by order, in groups that come as their first row does", () => {
  const rows = [row("a", { order: 2 }), row("b", { group: "G" }), row("c"), row("d", { group: " G ", order: 9 }), row("e", { order: -1 })]
  const found = grouped(rows).map(({ heading, rows: members }) => [heading, members.map(({ id }) => id)])
  assert.deepEqual(found, [
    ["", ["e", "c", "a"]],
    ["G", ["b", "d"]],
  ])
})

test("the group around a node counts where the node says none, and a strange order is none", () => {
  const rows = [row("a", {}, { around: "Words" }), row("b", { group: "Own" }, { around: "Words" }), row("c", { order: ["x", 0] })]
  assert.deepEqual(grouped(rows).map(({ heading }) => heading), ["Words", "Own", ""])
})

test("a row is called by its label, its name or its title", () => {
  assert.equal(labelOf(row("a", { label: " Steps " })), "Steps")
  assert.equal(labelOf(row("a", { label: " " })), "a")
  assert.equal(labelOf(row("a", { name: "", label: ["2", 0] })), "Integer Parameter")
})

test("what is typed is asked about in place of what the node holds; muted nodes are left out", () => {
  const rows = [row("1"), row("2", { type: "boolean", value: "false" }), row("3", {}, { isSilent: true })]
  const graph = judgedGraph(rows, new Map([["1", "3e1"], ["2", true], ["3", "x"]]))
  assert.deepEqual(Object.keys(graph), ["1", "2"])
  assert.equal(graph["1"].inputs.value, "3e1")
  assert.equal(graph["2"].inputs.value, "true")
})

test("an input that two parameters feed has both links, and a parameter that feeds another stays one", () => {
  const fed = (name, id) => ({ 9: { class_type: "KSampler", inputs: { [name]: [id, 0] } } })
  const rows = [row("1", {}, { fed: fed("sampler_name", "1") }), row("2", {}, { fed: fed("scheduler", "2") })]
  assert.deepEqual(judgedGraph(rows, new Map())["9"].inputs, { sampler_name: ["1", 0], scheduler: ["2", 0] })
})

test("numbers are moved by their step, without the noise of binary fractions, and stay within their limits", () => {
  const integer = { type: "integer", min: -5, max: 10, step: null }
  assert.equal(stepped("3", 1, integer), "4")
  assert.equal(stepped("10", 1, integer), "10")
  assert.equal(stepped("many", 1, integer), "0")
  assert.equal(stepped("", -1, { ...integer, min: 3 }), "3")
  assert.equal(stepped("900", -1, integer), "10")
  const number = { type: "number", min: null, max: null, step: null }
  assert.equal(stepped("0.2", 1, number), "0.3")
  assert.equal(stepped("0.25", 1, number), "0.35")
  assert.equal(stepped("1e-7", 1, { ...number, step: 1e-7 }), "2e-7")
  assert.equal(stepped("1e300", 1, number), "1e+300")
  assert.equal(stepped("9007199254740991", 1, { type: "seed", min: 0, max: 2 ** 64, step: null }), "9007199254740991")
})

test("a random seed is within its limits, at both ends too", () => {
  assert.equal(randomWhole(5, 7, () => 0), 5)
  assert.equal(randomWhole(5, 7, () => 0.999999), 7)
  assert.equal(randomWhole(4, 4, () => 0.5), 4)
  assert.equal(randomWhole(0, 2 ** 64, () => 1 - 2 ** -53), Number.MAX_SAFE_INTEGER)
  assert.ok(Number.isSafeInteger(randomWhole(null, null, () => 0.123456789)))
})

test("values are shown in a few words, and new names are free", () => {
  assert.equal(shownValue("a\n cat"), "a cat")
  assert.equal(shownValue(undefined), "")
  assert.equal([...shownValue("😀".repeat(200))].length, 80)
  assert.equal(freeParameterName("seed", [row("seed"), row("seed_2")]), "seed_3")
})

/** A graph as the page has it, as far as it is looked at: nodes by id, links as [from, slot, to, slot]. */
function makeGraph(nodes, links = [], more = {}) {
  const graph = { nodes, groups: [], links: new Map(), ...more }
  for (const node of nodes) node.graph = graph
  links.forEach(([origin_id, origin_slot, target_id, target_slot], index) => {
    const end = (id) => nodes.find((node) => node.id === id)
    graph.links.set(index, {
      id: index,
      origin_id,
      origin_slot,
      target_id,
      target_slot,
      resolve: () => ({
        outputNode: end(origin_id),
        inputNode: end(target_id),
        input: end(target_id)?.inputs[target_slot],
        subgraphInput: origin_id === -10 ? graph.inputNode.slots[origin_slot] : undefined,
        subgraphOutput: target_id === -20 ? graph.outputNode.slots[target_slot] : undefined,
      }),
    })
  })
  return graph
}

function makeNode(id, comfyClass, values = {}, more = {}) {
  const widgets = Object.entries(values).map(([name, value]) => ({ name, value }))
  const inputs = widgets.map(({ name }) => ({ name, widget: { name } }))
  const getInputLink = function (slot) {
    return [...this.graph.links.values()].find((link) => link.target_id === id && link.target_slot === slot) ?? null
  }
  const title = comfyClass
  return { id, comfyClass, widgets, inputs, order: 0, mode: 0, title, boundingRect: [0, 0, 10, 10], getInputLink, ...more }
}

/** A choice in a subgraph that is there once, its value shown on the subgraph's node, feeding a sampler outside. */
function nested() {
  const choice = makeNode(3, "SwitchyardChoiceParameter", { name: "sampler", value: "inner" })
  const slots = [{}]
  const inner = makeGraph([choice], [[-10, 0, 3, 1], [3, 0, -20, 0]], { inputNode: { slots }, outputNode: { slots: [{}] } })
  const instance = makeNode("12", "uuid", { value: "outer" }, { isSubgraphNode: () => true, subgraph: inner })
  const sampler = makeNode(7, "KSampler", { steps: 20, sampler_name: "euler" })
  return { root: makeGraph([instance, sampler], [["12", 0, 7, 1]]), instance, choice, sampler }
}

test("a parameter in a subgraph has the value that is shown on the subgraph's node", () => {
  const { root, instance } = nested()
  const [found] = findParameters(root)
  assert.equal(found.id, "12:3")
  assert.equal(holderOf(found, "value").node, instance)
  assert.deepEqual(readFields(found), { fields: { name: "sampler", value: "outer" }, linkedTo: undefined })
})

test("what a choice feeds is found across subgraphs, unless it is muted", () => {
  const { root, sampler } = nested()
  const [found] = findParameters(root)
  assert.deepEqual(fedBy(found), { 7: { class_type: "KSampler", inputs: { sampler_name: ["12:3", 0] } } })
  sampler.mode = 2
  assert.deepEqual(fedBy(found), {})
})

test("what is plugged into a parameter is no value of its own", () => {
  const integer = makeNode(1, "SwitchyardIntegerParameter", { name: "steps", value: 5 })
  const source = makeNode(2, "PrimitiveInt")
  const [found] = findParameters(makeGraph([integer, source], [[2, 0, 1, 1]]))
  assert.deepEqual(readFields(found), { fields: { name: "steps", value: ["link", 0] }, linkedTo: source })
})

test("muted and bypassed parameters are found, and known as such, also by the subgraph around them", () => {
  const { root, instance } = nested()
  instance.mode = 4
  assert.deepEqual(findParameters(root).map(({ isSilent }) => isSilent), [true])
})

test("the smallest group around the middle of a node is its group", () => {
  const node = makeNode(1, "SwitchyardTextParameter", {}, { boundingRect: [10, 10, 20, 20] })
  const graph = makeGraph([node])
  graph.groups = [
    { title: "Big", pos: [0, 0], size: [100, 100] },
    { title: "Small", pos: [5, 5], size: [30, 30] },
    { title: "Beside", pos: [21, 21], size: [5, 5] },
  ]
  assert.equal(groupAround({ node, way: [] }), "Small")
})

test("inputs of App mode are found by the ids of either page; strange entries are left out", () => {
  const root = makeGraph([makeNode(7, "KSampler", { cfg: 8, "a b": 1 }, { title: "Sampler" })], [], { id: "u-u" })
  root.extra = { linearData: { inputs: [[7, "cfg", { label: "Guidance" }], ["u-u:7:a%20b", "x"], ["u-u:7:%", "cfg"], [8, "gone"], 5, []] } }
  assert.deepEqual(appInputs(root, nodeAt).map(({ label, name, value, isThere }) => [label, name, value, isThere]), [
    ["Guidance", "cfg", 8, true],
    ["Sampler", "a b", 1, true],
    ["Sampler", "cfg", 8, true],
    ["gone", "gone", undefined, false],
  ])
  for (const extra of [undefined, {}, { linearData: { inputs: "x" } }]) assert.deepEqual(appInputs({ extra }, nodeAt), [])
})

test("the server's own sentence is the error, else one about what to do", async () => {
  const reply = (status, body) => ({ fetchApi: async () => ({ ok: status < 300, status, json: async () => JSON.parse(body) }) })
  assert.deepEqual(await ask(reply(200, '{"a": 1}'), "/x"), { a: 1 })
  await assert.rejects(ask(reply(409, '{"error": "Taken."}'), "/x"), { message: "Taken.", status: 409 })
  await assert.rejects(ask(reply(404, "Not Found"), "/x"), /Restart ComfyUI/)
  await assert.rejects(ask(reply(500, "<html>"), "/x"), /status 500/)
  await assert.rejects(ask({ fetchApi: () => Promise.reject(new TypeError()) }, "/x"), /does not answer/)
})
