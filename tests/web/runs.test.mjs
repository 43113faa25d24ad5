import assert from "node:assert/strict"
import test from "node:test"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { executionIds, nodeAt, nodeOfLocator } from "../../web/js/lib/graph_nodes.mjs"
import { ResultMemory } from "../../web/js/lib/result_memory.mjs"
import { RunOrigins } from "../../web/js/lib/run_origins.mjs"
import { createRun, payloads, settle, takeCached, takeEvent, takePrompt, takeRecord } from "../../web/js/lib/run_record.mjs"

const node = (classType, inputs = {}) => ({ class_type: classType, inputs })
const said = (kind, data, summary = kind) => ({ switchyard: [{ kind, summary, data }] })
const isLazy = (classType, input) => classType === "OtherSwitch" && input !== "which"

/** Plays events, [type, detail, time in ms], and what the queue says of the prompt; gives the run. */
function play(prompt, outputs, events) {
  const run = createRun("p", 0)
  takePrompt(run, [1, "p", prompt, { extra_pnginfo: { workflow: { id: "w" } } }, outputs])
  for (const [type, detail, now = 0] of events) assert.ok(takeEvent(run, type, { prompt_id: "p", ...detail }, now))
  return run
}

const states = (run) => Object.fromEntries([...run.nodes.values()].map((one) => [one.id, one.state]))
const progress = (states) => ["progress_state", { nodes: Object.fromEntries(Object.entries(states).map(([id, state]) => [id, { state, value: 0, max: 1, display_node_id: id }])) }]
const executed = (id, output, displayId = id) => ["executed", { node: id, display_node: displayId, output }]
const ranAll = (...ids) => progress(Object.fromEntries(ids.map((id) => [id, "finished"])))
const END = ["execution_success", {}, 100]

function settled(...played) {
  const run = play(...played)
  settle(run, isLazy)
  return run
}

const SWITCH = {
  1: node("Load"),
  2: node("Sample", { latent: ["1", 0] }),
  3: node("Other", { image: ["1", 0] }),
  4: node("SwitchyardSwitch", { condition: true, on_true: ["2", 0], on_false: ["3", 0] }),
  5: node("SaveImage", { images: ["4", 0] }),
  6: node("Lonely"),
}

test("the branch that a switch did not take was not needed", () => {
  const run = settled(SWITCH, ["5"], [
    ranAll("1", "2", "4", "5"),
    executed("4", said("switch", { branch: "on_true" })),
    END,
  ])
  assert.deepEqual(states(run), { 1: "ran", 2: "ran", 3: "unused", 4: "ran", 5: "ran", 6: "unused" })
  assert.equal(run.status, "done")
  assert.equal(run.workflowId, "w")
})

test("a branch that is kept from an earlier run was not needed either", () => {
  const run = settled(SWITCH, ["5"], [
    ["execution_cached", { nodes: ["1", "2", "3"] }],
    ranAll("4", "5"),
    executed("4", said("switch", { branch: "on_false" })),
    END,
  ])
  assert.deepEqual(states(run), { 1: "cached", 2: "unused", 3: "cached", 4: "ran", 5: "ran", 6: "unused" })
})

test("a node that runs once for each item needs all branches that were taken", () => {
  const both = { switchyard: ["on_true", "on_false"].map((branch) => ({ kind: "switch", summary: branch, data: { branch } })) }
  const run = settled(SWITCH, ["5"], [ranAll("1", "2", "3", "4", "5"), executed("4", both), END])
  assert.equal(states(run)[3], "ran")
  assert.deepEqual(run.decisions.map(({ part, parts }) => [part, parts]), [[0, 2], [1, 2]])
})

test("what a closed gate holds back is unused before it and blocked after it", () => {
  const prompt = {
    1: node("Load"),
    2: node("SwitchyardGate", { open: false, value: ["1", 0] }),
    3: node("Blur", { image: ["2", 0] }),
    4: node("SaveImage", { images: ["3", 0] }),
    5: node("SaveImage", { images: ["1", 0] }),
  }
  const events = [ranAll("2", "3", "4"), executed("2", said("gate", { open: false })), END]
  assert.deepEqual(states(settled(prompt, ["4"], events)), { 1: "unused", 2: "ran", 3: "blocked", 4: "blocked", 5: "unused" })
  const wide = settled(prompt, ["4", "5"], [ranAll("1", "2", "3", "4", "5"), ...events.slice(1)])
  assert.deepEqual(states(wide), { 1: "ran", 2: "ran", 3: "blocked", 4: "blocked", 5: "ran" })
})

test("first available needs what it asked, select what it chose", () => {
  const prompt = {
    1: node("Nothing"),
    2: node("Load"),
    3: node("Load"),
    4: node("SwitchyardFirstAvailable", { input_0: ["1", 0], input_2: ["2", 0], input_3: ["3", 0] }),
    5: node("SwitchyardSelect", { value: "b", cases: "a\nb", input_0: ["3", 0], input_1: ["4", 0] }),
    6: node("SaveImage", { images: ["5", 0] }),
  }
  const run = settled(prompt, ["6"], [
    ranAll("1", "2", "4", "5", "6"),
    executed("4", said("first_available", { index: 2, plugged: ["input_0", "input_2", "input_3"] })),
    executed("5", said("select", { branch: "input_1" })),
    END,
  ])
  assert.deepEqual(states(run), { 1: "ran", 2: "ran", 3: "unused", 4: "ran", 5: "ran", 6: "ran" })
})

test("a choice without a branch that blocks silences what is after it, and one that gives None does not", () => {
  for (const [ifMissing, state] of [["block", "blocked"], ["none", "ran"]]) {
    const prompt = {
      1: node("SwitchyardSwitch", { condition: false, on_true: ["3", 0], if_missing: ifMissing }),
      2: node("SaveImage", { images: ["1", 0] }),
      3: node("Load"),
    }
    const run = settled(prompt, ["2"], [ranAll("1", "2"), executed("1", said("switch", { branch: "on_false" })), END])
    assert.deepEqual(states(run), { 1: "ran", 2: state, 3: "unused" })
  }
})

test("a face detailer without a face, a gate and a pick without any silence only some of their outputs", () => {
  const cases = [
    ["face_detailer", { faces: [] }, {}, [0, 0, 1, 1, 0]],
    ["face_detailer", { faces: [{ crop: [0, 0, 8, 8] }] }, {}, [0, 0, 0, 0, 0]],
    ["quality_gate", { passed: false }, { if_none_pass: "block" }, [1, 0, 0, 0, 0]],
    ["quality_gate", { passed: false }, { if_none_pass: "best" }, [0, 0, 0, 0, 0]],
    ["pick_best", { indexes: [] }, { if_none_pass: "block" }, [1, 1, 1, 0, 0]],
    ["select", { branch: "default" }, { if_missing: "block" }, [1, 0, 0, 0, 0]],
  ]
  for (const [kind, data, inputs, silent] of cases) {
    const ends = silent.map((_, slot) => `out${slot}`)
    const prompt = { 1: node("Any", inputs), ...Object.fromEntries(ends.map((id, slot) => [id, node("Save", { x: ["1", slot] })])) }
    const run = settled(prompt, ends, [ranAll("1", ...ends), executed("1", said(kind, data)), END])
    assert.deepEqual(ends.map((id) => Number(states(run)[id] === "blocked")), silent, kind)
  }
})

test("lazy inputs of other packs are judged by what ran", () => {
  const prompt = {
    1: node("Load"),
    2: node("Load"),
    3: node("OtherSwitch", { which: true, a: ["1", 0], b: ["2", 0] }),
    4: node("SaveImage", { images: ["3", 0] }),
  }
  assert.deepEqual(states(settled(prompt, ["4"], [ranAll("1", "3", "4"), END])), { 1: "ran", 2: "unused", 3: "ran", 4: "ran" })
})

test("the server's own word for blocked counts, and is not the end", () => {
  const prompt = { 1: node("Blocker"), 2: node("Blur", { image: ["1", 0] }), 3: node("SaveImage", { images: ["2", 0] }) }
  const run = settled(prompt, ["3"], [
    ranAll("1", "2", "3"),
    ["execution_error", { node_id: "2", exception_type: "ExecutionBlocked", exception_message: "no" }],
    END,
  ])
  assert.deepEqual(states(run), { 1: "ran", 2: "blocked", 3: "blocked" })
  assert.equal(run.error, null)
})

test("after an error nothing is called unused", () => {
  const run = settled(SWITCH, ["5"], [
    progress({ 1: "finished", 2: "running" }),
    ["execution_error", { node_id: "2", exception_message: "no memory\n", exception_type: "X", timestamp: 50 }],
  ])
  assert.deepEqual(states(run), { 1: "ran", 2: "failed", 3: "waiting", 4: "waiting", 5: "waiting", 6: "waiting" })
  assert.deepEqual(run.error, { nodeId: "2", message: "no memory" })
  assert.deepEqual([run.status, run.endedAt], ["failed", 50])
})

test("a node's own time leaves out what ran while it waited", () => {
  const at = (now, states) => [...progress(states), now]
  const run = play(SWITCH, ["5"], [
    at(0, { 4: "running" }),
    at(10, { 4: "running", 2: "running" }),
    at(40, { 4: "running", 2: "finished" }),
    at(45, { 4: "finished", 2: "finished" }),
  ])
  const { 4: outer, 2: inner } = Object.fromEntries(run.nodes)
  assert.deepEqual([outer.startedAt, outer.endedAt, outer.ownMs], [0, 45, 15])
  assert.deepEqual([inner.startedAt, inner.endedAt, inner.ownMs], [10, 40, 30])
})

test("a quality gate's last word replaces its first, and copies say their own", () => {
  const prompt = { 1: node("SwitchyardQualityScore"), 2: node("SwitchyardQualityGate", { value: ["1", 4], score: ["1", 0] }) }
  const run = play(prompt, ["2"], [
    executed("1", said("quality_score", { score: 0.2 })),
    executed("2", said("quality_gate", {}, "searching")),
    executed("2.a1.1", said("quality_score", { score: 0.9 }), "1"),
    executed("2.c", said("quality_gate", { passed: true }, "passed at attempt 2"), "2"),
  ])
  assert.deepEqual(
    run.decisions.map(({ id, displayId, classType, summary }) => [id, displayId, classType, summary]),
    [
      ["1", "1", "SwitchyardQualityScore", "quality_score"],
      ["2", "2", "SwitchyardQualityGate", "passed at attempt 2"],
      ["2.a1.1", "1", "SwitchyardQualityScore", "quality_score"],
    ],
  )
})

const RECORD = {
  prompt: [1, "p", SWITCH, { extra_pnginfo: { workflow: { id: "w" } } }, ["5"]],
  outputs: { 4: said("switch", { branch: "on_true" }, "true: took on_true"), 5: { images: [] } },
  meta: { 4: { display_node: "4" } },
  status: {
    status_str: "success",
    messages: [
      ["execution_start", { timestamp: 1000 }],
      ["execution_cached", { nodes: ["1"], timestamp: 1001 }],
      ["execution_success", { timestamp: 3000 }],
    ],
  },
}

test("a run is read from the history", () => {
  const run = createRun("p", null, false)
  takeRecord(run, RECORD)
  settle(run, isLazy)
  assert.deepEqual([run.status, run.startedAt, run.endedAt], ["done", 1000, 3000])
  assert.deepEqual(states(run), { 1: "cached", 2: "ran", 3: "unused", 4: "ran", 5: "ran", 6: "unused" })
  assert.equal(run.decisions[0].summary, "true: took on_true")
  assert.equal(run.decisions[0].classType, "SwitchyardSwitch")
})

test("the history has the last word about a run that was watched", () => {
  const run = play(SWITCH, ["5"], [executed("4", said("switch", {}, "searching")), ["execution_success", { timestamp: 7 }]])
  takeRecord(run, RECORD)
  assert.deepEqual(run.decisions.map((one) => one.summary), ["true: took on_true"])
  assert.equal(run.endedAt, 7)
})

test("a kept node says what it said before, also under another id, but not with other inputs", () => {
  const memory = new ResultMemory()
  memory.remember(SWITCH, RECORD.outputs)
  const moved = {
    10: node("Load"),
    20: node("Sample", { latent: ["10", 0] }),
    30: node("Other", { image: ["10", 0] }),
    40: node("SwitchyardSwitch", { on_false: ["30", 0], on_true: ["20", 0], condition: true }),
    41: node("SwitchyardSwitch", { on_false: ["30", 0], on_true: ["20", 0], condition: false }),
    50: node("SaveImage", { images: ["40", 0] }),
  }
  const run = play(moved, ["50"], [["execution_cached", { nodes: ["10", "20", "40", "41", "50"] }], END])
  takeCached(run, memory.recall(moved))
  settle(run, isLazy)
  assert.deepEqual(run.decisions.map(({ id, summary, isCached }) => [id, summary, isCached]), [["40", "true: took on_true", true]])
  assert.deepEqual(states(run), { 10: "cached", 20: "cached", 30: "unused", 40: "cached", 41: "unused", 50: "cached" })
})

test("events of other runs are not taken in, nor what is no payload", () => {
  const run = createRun("p", 0)
  assert.equal(takeEvent(run, "executed", { prompt_id: "q", node: "1", output: said("gate", {}) }, 0), false)
  assert.equal(takeEvent(run, "executed", null, 0), false)
  for (const output of [null, {}, { switchyard: "x" }, { switchyard: [null, 3, {}, { kind: 4 }] }]) {
    assert.deepEqual(payloads(output), [])
  }
})

test("nodes are found by the ids of the server and of the page", () => {
  const inner = { id: 3, type: "KSampler" }
  const subgraph = { id: "u-1", nodes: [inner] }
  const instance = (id) => ({ id, subgraph, isSubgraphNode: () => true })
  const root = { nodes: [instance("12"), instance(13), { id: 3 }], subgraphs: new Map([["u-1", subgraph]]) }
  assert.equal(nodeAt(root, "12:3"), inner)
  assert.equal(nodeAt(root, "3"), root.nodes[2])
  assert.equal(nodeAt(root, "12:9"), null)
  assert.equal(nodeAt(root, "3:9"), null)
  assert.equal(nodeOfLocator(root, "u-1:3"), inner)
  assert.equal(nodeOfLocator(root, "3"), root.nodes[2])
  assert.equal(nodeOfLocator(root, "u-2:3"), null)
  assert.deepEqual(executionIds(root).get(inner), ["12:3", "13:3"])
})

test("a run knows the tab that it was queued from, and does not keep one that was closed", async () => {
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc")
  const origins = new RunOrigins()
  const runs = [{}, {}, {}]
  const open = { path: "open" }
  let isGone = false
  const registry = new FinalizationRegistry(() => (isGone = true))
  origins.remember(runs[0], open)
  ;(() => {
    const closed = { path: "closed" }
    registry.register(closed)
    origins.remember(runs[1], closed)
    assert.equal(origins.tabOf(runs[1]), closed)
  })()
  origins.remember(runs[2], null)
  for (let tries = 0; tries < 50 && !isGone; tries++) {
    await new Promise((done) => setTimeout(done, 10)) // a tab that was just asked for stays until the turn is over
    collect()
  }
  assert.equal(origins.tabOf(runs[0]), open)
  assert.equal(origins.tabOf(runs[1]), undefined)
  assert.equal(origins.tabOf(runs[2]), undefined)
})
