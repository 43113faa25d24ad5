import assert from "node:assert/strict"
import test from "node:test"
import { isWorthAsking, readHints, toastDetail } from "../../web/js/lib/hints.mjs"

const GRAPH = {
  1: { class_type: "SwitchyardSwitch", _meta: { title: "Which one" } },
  2: { class_type: "PreviewImage", _meta: { title: "" } },
  3: { class_type: "SwitchyardIntegerParameter", _meta: { title: "Steps" } },
}
const FOUND = [
  { rule: "runs_anyway", node: "1", input: "on_true", output: "2" },
  { rule: "same_name", node: "3", name: "steps", others: ["1"], free: "steps_2" },
  { rule: "no_seed", node: "1", text: "Nothing upstream." },
  { rule: "of a newer server", node: "1" },
]

test("the server is asked only about what hints can be about", () => {
  const graph = (types, subgraphs = []) => ({ nodes: types.map((comfyClass) => ({ comfyClass })), subgraphs: new Map(subgraphs) })
  const inner = graph(["TemplateParam"])
  assert.ok(isWorthAsking(graph(["PreviewImage", "SwitchyardSwitch"])))
  assert.ok(isWorthAsking(graph(["PreviewImage"], [["id", inner]])))
  assert.ok(!isWorthAsking(graph(["PreviewImage", "SwitchyardCompare", undefined])))
  assert.ok(!isWorthAsking(undefined))
})

test("hints are sentences with the nodes' titles, and say what their button does", () => {
  const [anyway, name, seed, ...others] = readHints(FOUND, GRAPH)
  assert.match(anyway.text, /^PreviewImage belongs to on_true of Which one/)
  assert.deepEqual([anyway.target, anyway.fix], ["2", "Show PreviewImage"])
  assert.deepEqual([name.name, name.fix, name.target], ["steps_2", "Rename to steps_2", "3"])
  assert.equal(seed.text, "Which one: Nothing upstream.")
  assert.deepEqual(others, [])
})

test("a name that can't be changed is shown", () => {
  const [hint] = readHints([{ ...FOUND[1], free: null }], GRAPH)
  assert.deepEqual([hint.name, hint.fix], [null, "Show Steps"])
})

test("different hints have different keys", () => {
  const keys = readHints([...FOUND, { ...FOUND[0], input: "on_false" }], GRAPH).map(({ key }) => key)
  assert.equal(new Set(keys).size, keys.length)
})

test("a toast holds two hints, and says where the others are", () => {
  const hints = readHints(FOUND, GRAPH)
  assert.match(toastDetail(hints), /and 1 more\n/)
  assert.doesNotMatch(toastDetail(hints.slice(0, 2)), /more/)
})
