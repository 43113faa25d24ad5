/**
 * What the last run did: listened to while it goes on, completed from the history when it is over.
 *
 * Other extensions of ours read it; this one shows nothing.
 */
import { api } from "../../../scripts/api.js"
import { app } from "../../../scripts/app.js"
import { ResultMemory } from "./lib/result_memory.mjs"
import { RunOrigins } from "./lib/run_origins.mjs"
import { createRun, settle, takeCached, takeEvent, takePrompt, takeRecord } from "./lib/run_record.mjs"

const EVENTS = [
  "execution_start",
  "execution_cached",
  "progress_state",
  "executed",
  "execution_success",
  "execution_error",
  "execution_interrupted",
]
const LOOK_BACK = 16 // records of the history that are read when the page is opened
const MOST = 32 // workflows whose last run is remembered
const memory = new ResultMemory()
const byWorkflow = new Map() // the last run of each workflow, the newest last
const origins = new RunOrigins() // the tab that was open when a run of its workflow began
const listeners = new Set()
let current = null // the run that goes on, or went on last
let last = null
let isToldSoon = false
let history = null // what the history held when the page was opened, once it is read

/**
 * @returns {import("./lib/run_record.mjs").Run | null} the run that goes on or was the last one, of whatever workflow
 */
export function lastRun() {
  return last
}

/** @returns {import("./lib/run_record.mjs").Run | null} the last run of the workflow that is open */
export function lastRunOfOpenWorkflow() {
  const run = byWorkflow.get(app.rootGraph?.id)
  return run && isFromHere(run) ? run : null
}

/** A workflow that is opened twice has one id: its other tab has runs of its own. */
function isFromHere(run) {
  const { activeWorkflow, openWorkflows = [] } = app.extensionManager.workflow ?? {}
  const from = origins.tabOf(run)
  return !from || from === activeWorkflow || !openWorkflows.includes(from)
}

/**
 * @param {(run: import("./lib/run_record.mjs").Run) => void} listener called once a frame at the most
 * @returns {() => void} ends it
 */
export function onRunChanged(listener) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function changed() {
  if (isToldSoon) return
  isToldSoon = true
  requestAnimationFrame(() => {
    isToldSoon = false
    if (!last) return
    for (const listener of listeners) listener(last)
  })
}

function isLazy(classType, input) {
  const { required, optional } = LiteGraph.registered_node_types[classType]?.nodeData?.input ?? {}
  return Boolean((required?.[input] ?? optional?.[input])?.[1]?.lazy)
}

async function read(path) {
  const reply = await api.fetchApi(path, { cache: "no-store" })
  if (!reply.ok) throw new Error(`ComfyUI's server answered ${path} with status ${reply.status}.`)
  return reply.json()
}

/** Looks in the queue for what a run is about: its graph, and the workflow that it came from. */
async function identify(run) {
  const queue = await read("/queue").catch(() => null) // then the history tells, at the end
  const queued = [...(queue?.queue_running ?? []), ...(queue?.queue_pending ?? [])].find((one) => one[1] === run.promptId)
  if (!queued || run.prompt) return
  takePrompt(run, queued)
  // It may have waited in the queue, and another workflow may be open by now.
  if (run.workflowId === app.rootGraph?.id) origins.remember(run, app.extensionManager.workflow?.activeWorkflow)
  file(run)
  await addCached(run)
  changed()
}

/** Gives cached nodes what they said, from this page's memory or else from the history. */
async function addCached(run) {
  const isSilent = (id) => !memory.recall(run.prompt)(id) && run.prompt[id].class_type.startsWith("Switchyard")
  if ([...run.kept].some((id) => run.prompt[id] && isSilent(id))) await readHistory()
  takeCached(run, memory.recall(run.prompt))
}

function file(run) {
  const known = byWorkflow.get(run.workflowId)
  if (run.workflowId && !(known?.startedAt > run.startedAt)) {
    byWorkflow.delete(run.workflowId)
    byWorkflow.set(run.workflowId, run)
    if (byWorkflow.size > MOST) byWorkflow.delete(byWorkflow.keys().next().value)
  }
  changed()
}

/** Completes a run from its record: the last words of its nodes are only there. */
async function complete(run) {
  const records = await read(`/history/${run.promptId}`).catch(() => null)
  const record = records?.[run.promptId]
  if (!record) return
  takeRecord(run, record)
  memory.remember(run.prompt, record.outputs ?? {})
  await addCached(run)
  settle(run, isLazy)
  file(run)
}

/** Reads the history once: the runs of before the page was opened. */
function readHistory() {
  history ??= read(`/history?max_items=${LOOK_BACK}`).then(restore, () => {})
  return history
}

async function restore(records) {
  const runs = Object.entries(records).map(([promptId, record]) => {
    memory.remember(record.prompt[2], record.outputs ?? {})
    const run = createRun(promptId, null, false)
    takeRecord(run, record)
    return run
  })
  for (const run of runs.sort((one, other) => (one.startedAt ?? 0) - (other.startedAt ?? 0))) {
    if (run.status === "running" || run.promptId === current?.promptId) continue
    takeCached(run, memory.recall(run.prompt))
    settle(run, isLazy)
    if (!current) last = run
    file(run)
  }
}

function listen(type, detail) {
  const promptId = detail?.prompt_id
  if (!promptId) return
  if (promptId !== current?.promptId) {
    if (type === "execution_interrupted") return // this one is told to everybody
    current = createRun(promptId, Date.now(), type === "execution_start")
    last = current
    identify(current)
  }
  if (takeEvent(current, type, detail, Date.now())) changed()
}

app.registerExtension({
  name: "Switchyard.Runs",
  setup() {
    for (const type of EVENTS) api.addEventListener(type, ({ detail }) => listen(type, detail))
    api.addEventListener("executing", ({ detail }) => {
      if (detail === null && current) complete(current) // the server says so once the run is in its history
    })
  },
  afterConfigureGraph() {
    if (history) changed() // another workflow is open, with a last run of its own
    else setTimeout(readHistory, 500) // the page has enough to do while it opens
  },
})
