import assert from "node:assert/strict"
import test from "node:test"
import { counted } from "../../web/js/lib/counted.mjs"
import { describeParameter, graphProblem } from "../../web/js/lib/template_documents.mjs"
import { freeName, nameProblem, slug, workflowName } from "../../web/js/lib/template_names.mjs"

test("a workflow's name becomes a valid template's name", () => {
  assert.equal(slug("Hi-res fix lanczos"), "hi-res-fix-lanczos")
  assert.equal(slug("  Portrait -- Über_größe! "), "portrait-uber_gro-e")
  assert.equal(slug("../../etc/passwd"), "etc-passwd")
  assert.equal(slug("肖像"), "")
  assert.equal(slug("CON"), "con-1")
  assert.equal(slug("a".repeat(63) + " b"), "a".repeat(63))
})

test("whatever is made of a text is valid or nothing", () => {
  const texts = ["x", "_x", "-", "a.b", "Ａ", "ﬁx", "a\0b", "9", "nul", "Com1", "😀 ok", "a".repeat(200), "İ"]
  for (const text of texts) {
    const name = slug(text)
    assert.ok(name === "" || nameProblem(name) === null, `${text} became ${name}`)
  }
})

test("what is wrong with a name is said", () => {
  assert.equal(nameProblem("hires_fix-2"), null)
  assert.match(nameProblem(""), /name/)
  assert.match(nameProblem("Hires"), /lower case/)
  assert.match(nameProblem("-a"), /begins/)
  assert.match(nameProblem("a/b"), /only/)
  assert.match(nameProblem("a\n"), /only/)
  assert.match(nameProblem("aux"), /Windows/)
  assert.match(nameProblem("a".repeat(65)), /64/)
  assert.equal(nameProblem("a".repeat(64)), null)
})

test("the name of a workflow is that of its file", () => {
  assert.equal(workflowName("workflows/portraits/Hi-res fix (2).json"), "Hi-res fix")
  assert.equal(workflowName("workflows/two.parts.app.json"), "two.parts")
  assert.equal(workflowName("workflows/Unsaved Workflow (3).json"), "")
  assert.equal(workflowName(null), "")
  assert.equal(workflowName(undefined), "")
})

test("a tab gets a name that nobody has", () => {
  assert.equal(freeName("a", () => false), "a")
  assert.equal(freeName("a", (name) => ["a", "a (2)"].includes(name)), "a (3)")
})

test("things are counted in words", () => {
  assert.deepEqual([0, 1, 2].map((count) => counted(count, "parameter")), ["no parameters", "1 parameter", "2 parameters"])
})

test("a parameter is described in one line", () => {
  const about = (parameter) => describeParameter({ name: "x", ...parameter }).about
  assert.equal(about({ type: "integer", min: 1, max: 100, default: 20 }), "integer, 1 to 100; default 20")
  assert.equal(about({ type: "number", min: 0 }), "number, from 0")
  assert.equal(about({ type: "number", max: 1, default: 0.5 }), "number, up to 1; default 0.5")
  assert.equal(about({ type: "seed", min: 0, max: 2 ** 64, default: 3 }), "seed; default 3")
  assert.equal(about({ type: "choice", choices: ["a", "b"], default: "a" }), "choice, 2 choices; default a")
  assert.equal(about({ type: "text", default: "" }), "text")
  assert.equal(about({ type: "boolean", default: false }), "boolean; default false")
  assert.equal(about({ type: "text", default: "a\n  cat" }), "text; default a cat")
  assert.equal([...about({ type: "text", default: "😀".repeat(99) })].length, "text; default ".length + 60)
})

const isKnown = (type) => type === "Load" || type === "Save"
const graph = (inputs) => ({ 1: { class_type: "Load", inputs: {} }, 2: { class_type: "Save", inputs } })

test("a graph of known nodes can be drawn", () => {
  assert.equal(graphProblem(graph({ images: ["1", 0], text: "a", table: { __value__: [1] } }), isKnown), null)
  assert.equal(graphProblem({ 1: { class_type: "Load" } }, isKnown), null)
})

test("a graph with unknown nodes or bare lists can't be drawn", () => {
  assert.match(graphProblem({ 1: { class_type: "Other" }, 2: { class_type: "Other" } }, isKnown), /installed: Other\.$/)
  assert.match(graphProblem(graph({ images: ["9", 0] }), isKnown), /images of node 2 \(Save\)/)
  assert.match(graphProblem(graph({ points: [] }), isKnown), /points of node 2/)
})
