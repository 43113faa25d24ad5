/**
 * Nodes say what they decided, in a label that hangs from their lower edge: in the last run of the workflow, in the one
 * that was loaded from the history, and while the run goes on.
 *
 * The label is a widget that takes no room and is never saved. What a node says is kept beside the node, not in it.
 */
import { api } from "../../../scripts/api.js"
import { app } from "../../../scripts/app.js"
import { executionIds, nodeAt, nodeOfLocator } from "./lib/graph_nodes.mjs"
import { payloads } from "./lib/run_record.mjs"
import { packFolder } from "./lib/slot_types.mjs"
import { useStyles } from "./lib/styles.mjs"
import { createLabel } from "./lib/verdict_label.mjs"
import { canDecide, viewOf } from "./lib/verdicts.mjs"
import { lastRun, lastRunOfOpenWorkflow, onRunChanged } from "./runs.js"

const MODULE = `custom_nodes.${packFolder(import.meta.url)}`
const WIDGET = "switchyard_verdict"
const SETTING = "Switchyard.Verdicts.Show"
const labels = new WeakMap() // of nodes
const views = new WeakMap() // what they show, also while the setting is off
const progress = new WeakMap() // what nodes say while they work
let isShown = true
let restored = false // what is shown came from a run of the history that was loaded

function draw(node) {
  labels.get(node)?.show(isShown ? (views.get(node) ?? null) : null, node.title)
}

function show(node, view) {
  if (!labels.has(node)) return
  views.set(node, view)
  draw(node)
}

function addLabel(node) {
  const label = createLabel((event) => {
    if (!LiteGraph.vueNodesMode) app.canvas.processMouseWheel(event) // zooming goes on over the label
  })
  const place = ({ y }) => label.root.style.setProperty("--switchyard-drop", `${Math.round(node.size[1] - y)}px`)
  const widget = node.addDOMWidget(WIDGET, WIDGET, label.root, {
    serialize: false,
    hideInPanel: true,
    hideOnZoom: false,
    margin: 0,
    getMinHeight: () => 0,
    getMaxHeight: () => 0,
    onDraw: place,
  })
  widget.serialize = false
  widget.computeSize = () => [0, -4] // the page adds 4 between widgets
  labels.set(node, label)
}

/** Shows what a run's nodes said; the last word of each counts, be it that of a copy of the node. */
function showRun(run) {
  const words = new Map()
  for (const one of run.decisions) {
    const { last, said } = words.get(one.displayId) ?? {}
    words.set(one.displayId, { last: one.id, said: last === one.id ? [...said, one] : [one] })
  }
  const states = new Map([...run.nodes.values()].map((node) => [node.id, node.state]))
  for (const [node, ids] of executionIds(app.rootGraph)) {
    if (!labels.has(node)) continue
    const known = ids.filter((id) => !run.prompt[id] || run.prompt[id].class_type === node.comfyClass)
    const found = known.findLast((id) => words.has(id))
    if (found !== undefined) show(node, withProgress(node, viewOf(words.get(found).said)))
    else if (known.some((id) => ["unused", "blocked"].includes(states.get(id)))) show(node, null)
  }
}

/** A gate that searches has said nothing yet but that it does. */
function withProgress(node, view) {
  return view.tone === "busy" && progress.has(node) ? { ...view, text: progress.get(node) } : view
}

function update() {
  const run = lastRunOfOpenWorkflow()
  if (!run) return
  if (run.status === "running") restored = false
  if (!restored) showRun(run)
}

/** What is said while a node works: which attempt, which face. */
function showProgress({ nodeId, text }) {
  if (lastRun()?.workflowId && lastRun() !== lastRunOfOpenWorkflow()) return // another workflow's node of this id
  const node = nodeAt(app.rootGraph, nodeId)
  if (!node || !labels.has(node)) return
  progress.set(node, text)
  show(node, { ...(views.get(node) ?? { bar: null, parts: [] }), text, tone: "busy" })
}

function forgetProgress() {
  for (const node of executionIds(app.rootGraph).keys()) progress.delete(node)
}

function redrawAll() {
  for (const node of executionIds(app.rootGraph).keys()) draw(node)
}

app.registerExtension({
  name: "Switchyard.Verdicts",
  settings: [
    {
      id: SETTING,
      category: ["Switchyard", "On the canvas", "Verdicts"],
      name: "Show on each node what it decided",
      tooltip: "A line below the node: the value, the branch, the score, the attempts. Nothing of it is saved.",
      type: "boolean",
      defaultValue: true,
      onChange(isOn) {
        isShown = isOn // older pages don't give the new value yet when they are asked
        if (app.rootGraph) redrawAll()
      },
    },
  ],
  nodeCreated(node) {
    const definition = node.constructor?.nodeData
    if (definition?.python_module === MODULE && canDecide(node.comfyClass)) addLabel(node)
  },
  setup() {
    useStyles(new URL("../css/canvas.css", import.meta.url).href)
    onRunChanged(update)
    api.addEventListener("execution_start", forgetProgress)
    api.addEventListener("progress_text", ({ detail }) => showProgress(detail))
  },
  beforeConfigureGraph() {
    restored = false
  },
  onNodeOutputsUpdated(outputs) {
    for (const [locator, output] of Object.entries(outputs ?? {})) {
      const said = payloads(output)
      const node = said.length ? nodeOfLocator(app.rootGraph, locator) : null
      if (!node || !labels.has(node)) continue
      restored = true
      show(node, viewOf(said))
    }
  },
})
