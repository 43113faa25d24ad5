import assert from "node:assert/strict"
import test from "node:test"
import { createRun } from "../../web/js/lib/run_record.mjs"
import { asJson, asText, candidatesOf, factsOf, headline, reportOf } from "../../web/js/lib/run_report.mjs"
import { duration, shownScore } from "../../web/js/lib/run_report_texts.mjs"

const nodeOf = (id, state, ownMs = 0, displayId = id) => [id, { id, displayId, state, startedAt: ownMs ? 0 : null, endedAt: ownMs, ownMs, progress: null }]
const SEEDS = { 5: { seed: "18446744073709551615" } }
const CANDIDATES = [
  { attempt: 1, item: null, score: 0.91234, parts: [0.91234], passed: true, kept: true, seeds: SEEDS, literals: SEEDS, replay: "", previews: [] },
  { attempt: 0, item: null, score: null, parts: [null, 0.5], passed: false, kept: false, seeds: { 5: { seed: 7 } }, literals: null, replay: "all" },
]

function finished() {
  const run = createRun("abc", 1000)
  Object.assign(run, {
    status: "done",
    endedAt: 4420,
    prompt: {
      5: { class_type: "KSampler", inputs: {}, _meta: { title: "Sampler" } },
      7: { class_type: "SwitchyardSwitch", inputs: {} },
      8: { class_type: "SwitchyardQualityGate", inputs: {}, _meta: { title: "Gate" } },
      9: { class_type: "SaveImage", inputs: {}, _meta: { title: "" } },
    },
    nodes: new Map([nodeOf("5", "ran", 100), nodeOf("8.a1.5", "ran", 300, "5"), nodeOf("8", "ran", 50), nodeOf("8.c", "ran", 40, "8"), nodeOf("7", "cached"), nodeOf("9", "unused")]),
    decisions: [
      { id: "7", displayId: "7", classType: "SwitchyardSwitch", kind: "switch", summary: "true: took on_true", data: { condition: "true", branch: "on_true" }, isCached: true },
      { id: "8", displayId: "8", classType: "SwitchyardQualityGate", kind: "quality_gate", summary: "passed", data: { needs: ">= 0.8", passed: true, candidates: CANDIDATES }, isCached: false, part: 0, parts: 1 },
    ],
  })
  return run
}

test("a report has the decisions in order, what did not run, and the time of each node", () => {
  const report = reportOf(finished(), 0)
  assert.equal(headline(report), "Done in 3.42 s")
  assert.deepEqual(report.decisions.map(({ title, summary, isCached }) => [title, summary, isCached]), [
    ["SwitchyardSwitch", "true: took on_true", true],
    ["Gate", "passed", false],
  ])
  assert.deepEqual(report.skipped, [{ id: "9", title: "SaveImage", state: "unused" }])
  assert.deepEqual(report.times.map(({ title, ms, runs }) => [title, ms, runs]), [["Sampler", 400, 2], ["Gate", 90, 1]])
})

test("what has not run is only told when a run is over", () => {
  const run = Object.assign(finished(), { status: "running", endedAt: null })
  const report = reportOf(run, 3000)
  assert.deepEqual(report.skipped, [])
  assert.equal(report.totalMs, 2000)
})

test("a node that a run which is done has not settled yet is not called not reached; after an error it is", () => {
  const skipped = (status) => {
    const run = Object.assign(finished(), { status })
    run.nodes.get("9").state = "waiting"
    return reportOf(run, 0).skipped.map(({ state }) => state)
  }
  assert.deepEqual([skipped("done"), skipped("failed")], [[], ["waiting"]])
})

test("a gate that still searches says how far it is; what it came to counts afterwards", () => {
  const spoken = new Map([["8", "attempt 2 of 5"], ["7", "busy"]])
  const run = Object.assign(finished(), { status: "running", endedAt: null })
  assert.deepEqual(reportOf(run, 0, spoken).decisions.map(({ summary }) => summary), ["true: took on_true", "attempt 2 of 5"])
  assert.equal(reportOf(finished(), 0, spoken).decisions[1].summary, "passed")
})

test("times of a run that was read from the history are not made up", () => {
  assert.deepEqual(reportOf(Object.assign(finished(), { isWatched: false }), 0).times, [])
})

test("an error is told with its node", () => {
  const run = Object.assign(finished(), { status: "failed", error: { nodeId: "5", message: "no memory" } })
  assert.deepEqual(reportOf(run, 0).error, { id: "5", title: "Sampler", message: "no memory" })
  assert.match(asText(reportOf(run, 0)), /Sampler \(#5\): no memory/)
})

test("candidates keep their order, and large seeds every digit", () => {
  const [best, worse] = candidatesOf({ candidates: CANDIDATES })
  assert.equal(best.seed, "18446744073709551615")
  assert.equal(worse.literals, null)
  assert.deepEqual(candidatesOf({}), [])
})

test("attempts of a server that does not tell candidates are candidates", () => {
  const attempts = [{ attempt: 0, score: 0.4, passed: false, parts: [[0.4]], seeds: { 5: { seed: 7 } } }]
  assert.deepEqual(candidatesOf({ attempts }).map(({ score, seed, literals }) => [score, seed, literals]), [[0.4, "7", null]])
})

test("the text has every decision, candidate and number", () => {
  const text = asText(reportOf(finished(), 0))
  for (const line of [
    "1. SwitchyardSwitch (#7): true: took on_true [cached]",
    "- attempt 2, score 0.9123, seed 18446744073709551615, handed on",
    "- attempt 1, score NaN, parts NaN, 0.5, seed 7",
    "SaveImage (#9): not needed",
    "0.40 s  Sampler (#5) ×2",
  ]) assert.ok(text.includes(line), `${line} is not in\n${text}`)
})

test("the JSON holds what the nodes sent", () => {
  const read = JSON.parse(asJson(reportOf(finished(), 0)))
  assert.equal(read.kind, "switchyard_run")
  assert.deepEqual(read.decisions[1].data.candidates[0].seeds, SEEDS)
})

test("values are shown as far as they are plain", () => {
  const facts = factsOf({ left: 0.123456, list: [1, "a", null], rows: [{ a: 1 }], some_text: "x".repeat(400), none: null, empty: [], nested: {}, candidates: [1] })
  assert.deepEqual(facts.slice(0, 2), [{ label: "left", value: "0.1235" }, { label: "list", value: "1, a, null" }])
  assert.deepEqual(facts.map(({ label }) => label), ["left", "list", "some text"])
  assert.equal(facts[2].value.length, 300)
})

test("durations and scores are short", () => {
  assert.deepEqual([null, 4, 9994, 12_345, 185_000, 3_660_000].map(duration), ["not known", "0.00 s", "9.99 s", "12.3 s", "3 min 5 s", "1 h 1 min"])
  assert.deepEqual([0.00012345, 5, "Infinity", null].map(shownScore), ["0.0001234", "5", "Infinity", "NaN"])
})
