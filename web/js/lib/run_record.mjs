/**
 * A run, put together from what the server says while it goes on and from its record in the history.
 *
 * @typedef {object} RunNode
 * @property {string} id as the server runs it: "7", "12:3" in a subgraph, "5.a1.3" for what a node expanded into
 * @property {string} displayId the node that the user knows
 * @property {"waiting"|"running"|"ran"|"cached"|"failed"|"unused"|"blocked"} state unused: nothing needed it;
 *   blocked: a closed gate kept it from doing anything
 * @property {number | null} startedAt ms; of runs that were read from the history nothing is known
 * @property {number | null} endedAt
 * @property {number} ownMs wall time without that of nodes which ran while this one waited for them
 * @property {{value: number, max: number} | null} progress
 *
 * @typedef {object} Decision
 * @property {string} id
 * @property {string} displayId
 * @property {string | null} classType null while the graph is not known
 * @property {string} kind
 * @property {string} summary
 * @property {object} data
 * @property {number | null} at ms
 * @property {boolean} isCached the node did not run: this is what it said when it last did
 * @property {number} part number of the item, for a node that ran once for each item of a list
 * @property {number} parts
 *
 * @typedef {object} Run
 * @property {string} promptId
 * @property {"running"|"done"|"failed"|"interrupted"} status
 * @property {number | null} startedAt ms
 * @property {number | null} endedAt
 * @property {object | null} prompt graph in API format
 * @property {string[]} outputs ids of the output nodes that were asked for
 * @property {string | null} workflowId the id of the workflow that it was queued from
 * @property {Map<string, RunNode>} nodes
 * @property {Decision[]} decisions in the order in which they came
 * @property {{nodeId: string, message: string} | null} error
 * @property {boolean} isWatched false: read from the history
 */
import { reach } from "./run_reach.mjs"

const ENDS = { execution_success: "done", execution_error: "failed", execution_interrupted: "interrupted" }

/** @returns {Run} */
export function createRun(promptId, startedAt, isWatched = true) {
  return {
    promptId,
    status: "running",
    startedAt,
    endedAt: null,
    prompt: null,
    outputs: [],
    workflowId: null,
    nodes: new Map(),
    decisions: [],
    error: null,
    isWatched,
    kept: new Set(), // what the server had from earlier runs, needed or not
    silenced: new Set(), // what the server said was blocked
    stack: [], // what has started and not ended, the last one last
  }
}

/**
 * Takes in one event of the server.
 *
 * @param {Run} run
 * @param {string} type
 * @param {object} detail
 * @param {number} now ms, for events that don't say when they happened
 * @returns {boolean} whether it was about this run
 */
export function takeEvent(run, type, detail, now) {
  if (detail?.prompt_id !== run.promptId) return false
  const at = detail.timestamp ?? now
  if (type === "execution_start") run.startedAt = at
  else if (type === "execution_cached") keep(run, detail.nodes ?? [])
  else if (type === "progress_state") takeProgress(run, detail.nodes ?? {}, now)
  else if (type === "executed") takeOutput(run, String(detail.node), detail.display_node, detail.output, now)
  else if (type === "execution_error" && detail.exception_type === "ExecutionBlocked") run.silenced.add(String(detail.node_id))
  else if (ENDS[type]) end(run, type, detail, at)
  else return false
  return true
}

function nodeOf(run, id, displayId = id) {
  if (!run.nodes.has(id)) {
    const state = run.kept.has(id) ? "cached" : "waiting"
    run.nodes.set(id, { id, displayId, state, startedAt: null, endedAt: null, ownMs: 0, progress: null })
  }
  return run.nodes.get(id)
}

function keep(run, ids) {
  for (const id of ids.map(String)) {
    run.kept.add(id)
    nodeOf(run, id).state = "cached"
  }
}

/** The server sends all that has started, whenever something starts, steps or ends; what has ended may be missing. */
function takeProgress(run, states, now) {
  for (const [id, { state, value, max, display_node_id: displayId }] of Object.entries(states)) {
    const node = nodeOf(run, id, String(displayId ?? id))
    if (state === "running") {
      if (node.startedAt === null) start(run, node, now)
      node.state = "running"
      node.progress = max > 1 ? { value, max } : null
    } else if (node.state === "running") finish(run, node, state === "error" ? "failed" : "ran", now)
    else if (node.state === "waiting") node.state = state === "error" ? "failed" : "ran"
  }
  for (const node of [...run.stack]) if (!states[node.id]) finish(run, node, "ran", now)
}

function start(run, node, now) {
  charge(run, now)
  node.startedAt = now
  run.stack.push(node)
}

function finish(run, node, state, now) {
  charge(run, now)
  Object.assign(node, { state, endedAt: now, progress: null })
  run.stack = run.stack.filter((one) => one !== node)
}

/** The time since the last change is that of the node that started last: the others wait for it. */
function charge(run, now) {
  const busy = run.stack.at(-1)
  if (busy) busy.ownMs += now - Math.max(run.chargedAt, busy.startedAt)
  run.chargedAt = now
}

function end(run, type, detail, at) {
  if (type === "execution_error") run.error = { nodeId: String(detail.node_id), message: String(detail.exception_message ?? "").trim() }
  for (const node of [...run.stack]) finish(run, node, ENDS[type] === "done" ? "ran" : "waiting", at)
  if (run.error) nodeOf(run, run.error.nodeId).state = "failed"
  run.status = ENDS[type]
  run.endedAt = at
}

/** What a node showed; of interest are payloads of ours. */
function takeOutput(run, id, displayId, output, at, isCached = false) {
  const said = payloads(output)
  if (!said.length) return
  const shown = String(displayId ?? id)
  const isGate = said[0].kind === "quality_gate" // its last word comes from a node that it expanded into
  const isSame = (one) => one.id === id || (isGate && one.kind === "quality_gate" && one.displayId === shown && id.startsWith(`${one.id}.`))
  const first = run.decisions.findIndex(isSame)
  const before = run.decisions[first]
  const made = said.map((one, part) => ({
    id: before?.id ?? id,
    displayId: shown,
    classType: run.prompt?.[shown]?.class_type ?? null,
    ...one,
    at: before?.at ?? at,
    isCached,
    part,
    parts: said.length,
  }))
  const others = run.decisions.filter((one) => !isSame(one))
  others.splice(first < 0 ? others.length : first, 0, ...made)
  run.decisions = others
}

/** The payloads of ours in what a node showed, whatever else is in there. */
export function payloads(output) {
  const said = output?.switchyard
  if (!Array.isArray(said)) return []
  return said
    .filter((one) => one && typeof one === "object" && typeof one.kind === "string")
    .map(({ kind, summary, data }) => ({ kind, summary: String(summary ?? ""), data: data ?? {} }))
}

/**
 * Takes in what the queue or the history knows of a prompt: [number, id, graph, extra, ids of outputs].
 *
 * @param {Run} run
 * @param {unknown[]} queued
 */
export function takePrompt(run, [, , prompt, extra, outputs]) {
  run.prompt = prompt
  run.outputs = (outputs ?? []).map(String)
  run.workflowId = extra?.extra_pnginfo?.workflow?.id ?? null
  for (const id of Object.keys(prompt)) nodeOf(run, id)
  for (const one of run.decisions) one.classType = prompt[one.displayId]?.class_type ?? null
}

/**
 * Takes in a run's record in the history: the last words of its nodes, and how it ended.
 *
 * @param {Run} run
 * @param {{prompt: unknown[], outputs: object, meta?: object, status?: object}} record
 */
export function takeRecord(run, record) {
  takePrompt(run, record.prompt)
  for (const [type, detail] of record.status?.messages ?? []) {
    const isNews = !run.isWatched || (ENDS[type] && run.status === "running")
    if (isNews) takeEvent(run, type, { ...detail, prompt_id: run.promptId }, run.endedAt ?? detail.timestamp)
  }
  for (const [id, output] of Object.entries(record.outputs ?? {})) {
    takeOutput(run, id, record.meta?.[id]?.display_node, output, run.endedAt, run.kept.has(id))
  }
}

/**
 * Gives cached nodes what they said when they ran.
 *
 * @param {Run} run
 * @param {(id: string) => object | null} recall the output that a node of the prompt showed
 */
export function takeCached(run, recall) {
  for (const id of run.kept) {
    if (!run.prompt?.[id] || run.decisions.some((one) => one.id === id)) continue
    takeOutput(run, id, id, recall(id), null, true)
  }
  const isFirst = (one) => one.isCached && one.at === null // they were decided before this run began
  run.decisions = [...run.decisions.filter(isFirst), ...run.decisions.filter((one) => !isFirst(one))]
}

/**
 * Works out which nodes nothing needed and which were blocked; call it when the run is done and its graph is known.
 *
 * @param {Run} run
 * @param {(classType: string, input: string) => boolean} isLazy
 */
export function settle(run, isLazy) {
  if (run.status !== "done" || !run.prompt) return
  const said = grouped(run.decisions)
  const hasRun = (id) => ["ran", "cached"].includes(run.nodes.get(id)?.state)
  const { isWatched, silenced } = run
  const evidence = { decisions: (id) => said.get(id) ?? [], hasRun, isWatched, silenced, isLazy }
  const { needed, blocked } = reach(run.prompt, run.outputs, evidence)
  for (const id of Object.keys(run.prompt)) {
    const node = nodeOf(run, id)
    if (!needed.has(id)) node.state = node.state === "ran" ? "ran" : "unused"
    else if (blocked.has(id)) node.state = "blocked"
    else if (node.state === "waiting") node.state = run.isWatched ? "cached" : "ran"
  }
  run.decisions = run.decisions.filter((one) => !one.isCached || needed.has(one.id))
}

function grouped(decisions) {
  const groups = new Map()
  for (const one of decisions) groups.set(one.id, [...(groups.get(one.id) ?? []), one])
  return groups
}
