/**
 * Before and After, and Face Detailer: their pictures in one frame with a line to drag between them, on the node.
 *
 * The slider is an element, the same in the classic canvas and in Nodes 2.0, and a widget of the node that is never saved.
 * It shows what the node said in the last run of the workflow, or in the one that was loaded from the history.
 */
import { api } from "../../../scripts/api.js"
import { app } from "../../../scripts/app.js"
import { heightFor, ratioOf, readPairs, viewPath } from "./lib/before_after.mjs"
import { TEXTS } from "./lib/before_after_texts.mjs"
import { createView } from "./lib/before_after_view.mjs"
import { executionIds, nodeOfLocator } from "./lib/graph_nodes.mjs"
import { payloads } from "./lib/run_record.mjs"
import { useStyles } from "./lib/styles.mjs"
import { lastRunOfOpenWorkflow, onRunChanged } from "./runs.js"

const VIEWER = "SwitchyardBeforeAndAfter" // it is made to show: its pictures fill it
const CLASSES = new Set([VIEWER, "SwitchyardFaceDetailer"])
const WIDGET = "switchyard_before_after"
const MARGIN = 4
const BAR = 30 // the buttons below the pictures, in pixels
const NOTE = 40
const sliders = new WeakMap() // the view of each node, and what it shows
let restored = false // what is shown came from a run of the history that was loaded

function urlOf(file) {
  return api.apiURL(viewPath(file))
}

function addSlider(node) {
  const isViewer = node.comfyClass === VIEWER
  const view = createView(urlOf, isViewer ? TEXTS.empty : "")
  handPointersOn(view.root)
  const options = { serialize: false, hideInPanel: true, hideOnZoom: false, margin: MARGIN }
  if (isViewer) options.getMinHeight = () => 160
  const widget = node.addDOMWidget(WIDGET, WIDGET, view.root, options)
  widget.serialize = false
  sliders.set(node, { view, found: null })
  if (isViewer) return node.setSize([Math.max(node.size[0], 320), Math.max(node.size[1], 400)])
  // A height of its own, by the node's width: it takes none of the room that the text field above it grows into.
  widget.computeLayoutSize = undefined
  widget.computeSize = () => [0, neededHeight(node)]
}

/** How high the slider of a node is that shows more than pictures. */
function neededHeight(node) {
  const { found, view } = sliders.get(node)
  const current = view.current()
  const note = found?.note ? NOTE : 0
  if (!current) return note || -4 // the page adds 4 between widgets
  const below = 2 * MARGIN + (found.pairs.length > 1 ? BAR : 0) + note
  return heightFor(node.size[0] - 2 * MARGIN, ratioOf(current), below)
}

/** The classic canvas lies behind the element: it gets what is not for the slider, to zoom and to pan. */
function handPointersOn(root) {
  const isClassic = () => !LiteGraph.vueNodesMode
  const listen = (type, act) => root.addEventListener(type, act)
  listen("wheel", (event) => isClassic() && app.canvas.processMouseWheel(event))
  listen("pointerdown", (event) => {
    if (event.button === 0) event.stopPropagation() // else Nodes 2.0 drags the node
    else if (event.button === 1 && isClassic()) app.canvas.processMouseDown(event)
  })
  listen("pointermove", (event) => event.buttons & 4 && isClassic() && app.canvas.processMouseMove(event))
  listen("pointerup", (event) => event.button === 1 && isClassic() && app.canvas.processMouseUp(event))
}

function show(node, found) {
  const slider = sliders.get(node)
  if (!slider || JSON.stringify(slider.found) === JSON.stringify(found)) return
  slider.found = found
  slider.view.show(found)
  const [width, height] = node.size
  const needed = node.computeSize()[1]
  if (height < needed) node.setSize([width, needed])
  node.graph?.setDirtyCanvas?.(true, true)
}

/** Shows what a run's nodes said; those it has not come to yet keep what they show. */
function update() {
  const run = lastRunOfOpenWorkflow()
  if (!run) return
  if (run.status === "running") restored = false
  if (restored) return
  const states = new Map([...run.nodes.values()].map((node) => [node.id, node.state]))
  for (const [node, ids] of executionIds(app.rootGraph)) {
    if (!sliders.has(node)) continue
    const said = run.decisions.filter((one) => ids.includes(one.displayId) && one.classType === node.comfyClass)
    const last = said.at(-1)?.id // the last one of several copies counts
    const found = readPairs(said.filter((one) => one.id === last))
    if (found || ids.some((id) => ["unused", "blocked"].includes(states.get(id)))) show(node, found)
  }
}

function open(file) {
  window.open(urlOf(file), "_blank", "noopener")
}

app.registerExtension({
  name: "Switchyard.BeforeAfter",
  nodeCreated(node) {
    if (CLASSES.has(node.comfyClass)) addSlider(node)
  },
  setup() {
    useStyles(new URL("../css/before_after.css", import.meta.url).href)
    onRunChanged(update)
  },
  beforeConfigureGraph() {
    restored = false
  },
  onNodeOutputsUpdated(outputs) {
    for (const [locator, output] of Object.entries(outputs ?? {})) {
      const found = readPairs(payloads(output))
      const node = found ? nodeOfLocator(app.rootGraph, locator) : null
      if (!sliders.has(node)) continue
      restored = true
      show(node, found)
    }
  },
  getNodeMenuItems(node) {
    const pair = sliders.get(node)?.view.current()
    if (!pair) return []
    return [
      { content: TEXTS.openBefore, callback: () => open(pair.before) },
      { content: TEXTS.openAfter, callback: () => open(pair.after) },
    ]
  },
})
