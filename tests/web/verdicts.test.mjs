import assert from "node:assert/strict"
import test from "node:test"
import { marksOf } from "../../web/js/lib/run_marks.mjs"
import { canDecide, viewOf } from "../../web/js/lib/verdicts.mjs"

const view = (kind, summary, data = {}) => viewOf([{ kind, summary, data }])

test("a comparison, a gate and a score have a tone; a choice has none", () => {
  assert.deepEqual(view("compare", "1 > 2 is false", { result: false }), { text: "1 > 2 is false", tone: "no", bar: null, parts: [] })
  assert.equal(view("gate", "true: open", { open: true }).tone, "yes")
  assert.equal(view("gate", "false: closed", { open: false }).tone, "no")
  assert.equal(view("switch", "true: took on_true", { branch: "on_true" }).tone, "plain")
  assert.equal(view("first_available", "took input_1", { index: 1 }).tone, "plain")
})

test("a score has a bar with its threshold, and the parts of the picture that it is about", () => {
  const data = {
    score: 0.2,
    passed: false,
    threshold: 0.8,
    scores: [0.9, 0.2],
    families: [{ blur: 0.9, noise: 1 }, { blur: 0.2, noise: 0.987654 }],
  }
  assert.deepEqual(view("quality_score", "0.2 fails 0.8: blur", data), {
    text: "0.2 fails 0.8: blur",
    tone: "no",
    bar: { value: 0.2, mark: 0.8 },
    parts: [
      { label: "blur 0.2", value: 0.2, tone: "plain" },
      { label: "noise 0.988", value: 0.987654, tone: "plain" },
    ],
  })
})

test("a payload of before families were told has no parts of them", () => {
  assert.deepEqual(view("quality_score", "x", { score: 0.5, passed: true, threshold: 0.5, scores: [0.5] }).parts, [])
})

test("a score without a threshold is no share of anything", () => {
  const shown = view("preference_score", "21.4", { score: 21.4, passed: false, threshold: null, scores: [21.4, 20] })
  assert.equal(shown.bar, null)
  assert.deepEqual(shown.parts, [])
})

test("scorers of a batch tell each picture", () => {
  const data = { score: 0, passed: false, threshold: 0, scores: [0, 0.25, 1] }
  assert.deepEqual(view("aesthetic_score", "x", data).parts.map(({ label, tone }) => [label, tone]), [
    ["picture 1 0", "no"],
    ["picture 2 0.25", "yes"],
    ["picture 3 1", "yes"],
  ])
})

test("a gate is busy until it has passed or not, and then tells its attempts", () => {
  assert.equal(view("quality_gate", "attempt 2 of 8").tone, "busy")
  const attempts = [
    { attempt: 0, score: 0.5, passed: false },
    { attempt: 1, score: null, passed: false },
    { attempt: 2, score: 7.25, passed: true },
  ]
  const shown = view("quality_gate", "passed", { passed: true, score: 7.25, attempts })
  assert.equal(shown.tone, "yes")
  assert.equal(shown.bar, null)
  assert.deepEqual(shown.parts, [
    { label: "attempt 1 0.5", value: 0.5, tone: "no" },
    { label: "attempt 2 no number", value: null, tone: "no" },
    { label: "attempt 3 7.25", value: null, tone: "yes" },
  ])
})

test("a face detailer tells each face", () => {
  const faces = [
    { picture: 1, status: "redrawn", reason: "" },
    { picture: 2, status: "skipped", reason: "its prompt says so" },
  ]
  assert.deepEqual(view("face_detailer", "2 faces", { faces }).parts, [
    { label: "1 (picture 1): redrawn", value: null, tone: "yes" },
    { label: "2 (picture 2): skipped, its prompt says so", value: null, tone: "no" },
  ])
})

test("several results of one node are told in one line", () => {
  const said = [true, false, true].map((open) => ({ kind: "gate", summary: open ? "open" : "closed", data: { open } }))
  assert.equal(viewOf(said).text, "3 results: open · closed")
  assert.equal(viewOf(said).tone, "plain")
  assert.equal(viewOf([said[0], said[2]]).tone, "yes")
  const many = Array.from({ length: 9 }, (_, index) => ({ kind: "switch", summary: String(index), data: {} }))
  assert.equal(viewOf(many).text, "9 results: 0 · 1 · 2 · 3 · 5 more")
  assert.equal(viewOf(many).parts.length, 9)
})

test("payloads that lack what they should have are shown by their summary", () => {
  for (const kind of ["quality_score", "quality_gate", "face_detailer", "face_paste", "content_classifier", "gate", "new"]) {
    assert.equal(view(kind, "words").text, "words")
    assert.equal(view(kind, "words", { scores: null, families: null, faces: null, attempts: null }).text, "words")
  }
})

test("plain ids decide as their classes do", () => {
  for (const id of ["SwitchyardCompare", "Compare", "Switch", "QualityScore", "FaceDetectorDETR"]) assert.ok(canDecide(id), id)
  for (const id of ["SwitchyardTextParameter", "TemplateParam", "KSampler"]) assert.ok(!canDecide(id), id)
})

const run = (states, classes = {}) => ({
  status: "done",
  prompt: Object.fromEntries(Object.keys(states).map((id) => [id, { class_type: classes[id] ?? "A" }])),
  nodes: new Map(Object.entries(states).map(([id, state]) => [id, { id, state }])),
})
const canvasNode = (comfyClass = "A") => ({ comfyClass })

test("a node in a subgraph that is used twice is marked if neither use ran", () => {
  const [inner, other, outer, second] = [canvasNode(), canvasNode(), canvasNode("u"), canvasNode("u")]
  const ids = new Map([[inner, ["1:3", "2:3"]], [other, ["1:4", "2:4"]], [outer, ["1"]], [second, ["2"]]])
  const marks = marksOf(run({ "1:3": "unused", "2:3": "unused", "1:4": "ran", "2:4": "unused" }), ids)
  assert.deepEqual([inner, other, outer, second].map((node) => marks.get(node)), ["unused", undefined, undefined, "unused"])
})

test("a node that has taken the place of another one is not marked, nor anything of a run that did not end well", () => {
  const node = canvasNode("B")
  assert.equal(marksOf(run({ 1: "unused" }), new Map([[node, ["1"]]])).size, 0)
  assert.equal(marksOf({ ...run({ 1: "unused" }), status: "failed" }, new Map([[canvasNode(), ["1"]]])).size, 0)
  assert.equal(marksOf(null, new Map()).size, 0)
})

test("blocked and unused together are blocked", () => {
  const node = canvasNode()
  assert.equal(marksOf(run({ "1:3": "unused", "2:3": "blocked" }), new Map([[node, ["1:3", "2:3"]]])).get(node), "blocked")
})
