/**
 * Hints before a workflow is queued: asked for when it has not been changed for a moment, listed in the run report, and
 * told once in a toast. Nothing is kept from running.
 */
import { api } from "../../../scripts/api.js"
import { app } from "../../../scripts/app.js"
import { isWorthAsking, readHints, TEXTS, toastDetail } from "./lib/hints.mjs"
import { liveGraph, placesOf } from "./lib/live_graph.mjs"

const ROUTE = "/switchyard/hints"
const QUIET_MS = 700 // since the last change
const UNHURRIED_MS = 4000 // since the last change, before a toast: nobody wants one about what is half made
const told = new WeakMap() // keys of hints that were in a toast, by workflow
const listeners = new Set()
const nothing = {} // stands for the open workflow while the page has none
let isOn = true // the page says so when it has read the settings
let hints = []
let asked = 0
let openId = null // of the workflow that was loaded last
let checking = null
let telling = null

/** @returns {import("./lib/hints.mjs").Hint[] | null} null if the user does not want any */
export function currentHints() {
  return isOn ? hints : null
}

/**
 * @param {(hints: import("./lib/hints.mjs").Hint[] | null) => void} listener
 * @returns {() => void} ends it
 */
export function onHintsChanged(listener) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/**
 * Does what a hint's button says.
 * @param {import("./lib/hints.mjs").Hint} hint
 * @param {(id: string) => void} show shows a node on the canvas
 */
export function fixHint(hint, show) {
  const places = hint.name === null ? null : placesOf(app.rootGraph, hint.node, "name")?.places
  if (!places) return show(hint.target)
  app.canvas.emitBeforeChange()
  try {
    for (const { node, widget } of places) {
      widget.value = hint.name
      widget.callback?.(hint.name, app.canvas, node)
      node.graph?.setDirtyCanvas?.(true, true)
    }
  } finally {
    app.canvas.emitAfterChange()
  }
  check()
}

async function turn(value) {
  isOn = value !== false
  if (!app.rootGraph) return
  await check()
  for (const listener of listeners) listener(currentHints())
}

function found(next) {
  const isSame = next.length === hints.length && next.every(({ key, text }, index) => key === hints[index].key && text === hints[index].text)
  hints = next
  if (isSame) return
  for (const listener of listeners) listener(currentHints())
}

/** Looks at the workflow as it is now. */
async function check() {
  clearTimeout(checking)
  const mine = ++asked // an answer that comes after a later question is old
  if (!isOn || !isWorthAsking(app.rootGraph)) return found([])
  const { graph, isWhole } = liveGraph(app.rootGraph)
  if (!isWhole) return found([])
  const answer = await ask(graph)
  if (mine === asked && answer) found(readHints(answer.hints, graph))
}

/** Asks the server; null if it does not answer, which is none of the user's concern here. */
async function ask(graph) {
  try {
    const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ graph }) }
    const reply = await api.fetchApi(ROUTE, options)
    return reply.ok ? await reply.json() : null
  } catch {
    return null
  }
}

function tell() {
  clearTimeout(telling)
  const workflow = app.extensionManager.workflow?.activeWorkflow ?? nothing
  const known = told.get(workflow) ?? told.set(workflow, new Set()).get(workflow)
  const fresh = hints.filter(({ key }) => !known.has(key))
  if (!fresh.length || !isOn) return
  for (const { key } of fresh) known.add(key)
  app.extensionManager.toast.add({ severity: "info", summary: TEXTS.toastSummary, detail: toastDetail(fresh), life: 12_000 })
}

/** Waits until the user is busy with something else than changing the workflow. */
function changed() {
  clearTimeout(checking)
  clearTimeout(telling)
  if (!isOn) return
  checking = setTimeout(check, QUIET_MS)
  telling = setTimeout(tell, UNHURRIED_MS)
}

/** What was found in another workflow is about nodes that are gone; undo loads the same one. */
function loaded() {
  if (app.rootGraph.id !== openId) {
    asked++
    found([])
  }
  openId = app.rootGraph.id
  changed()
}

async function queueing() {
  await check()
  tell()
}

app.registerExtension({
  name: "Switchyard.Hints",
  settings: [
    {
      id: "Switchyard.Hints.Show",
      category: ["Switchyard", "On the canvas", "Hints"],
      name: "Hints before a run",
      type: "boolean",
      defaultValue: true,
      tooltip: "Says what is worth knowing before a workflow runs: in the run report, and once in a notice.",
      onChange: turn,
    },
  ],
  setup() {
    api.addEventListener("graphChanged", changed)
    api.addEventListener("promptQueueing", queueing) // newer pages, before a prompt is sent
    api.addEventListener("promptQueued", queueing)
  },
  afterConfigureGraph: loaded,
})
