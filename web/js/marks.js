/**
 * Nodes that did not run in the last run are marked until the next one: dimmed, with the words below them.
 *
 * Nothing of a node is changed. On the classic canvas the marks are drawn over it; in Nodes 2.0 they are style rules.
 */
import { app } from "../../../scripts/app.js"
import { executionIds } from "./lib/graph_nodes.mjs"
import { markRules, marksOf, WORDS } from "./lib/run_marks.mjs"
import { createStyles } from "./lib/styles.mjs"
import { lastRunOfOpenWorkflow, onRunChanged } from "./runs.js"

const SETTING = "Switchyard.Marks.Show"
const DIMMED = 0.6
let isShown = true
let marks = new Map()
let setRules = null
let ruled = "" // the rules that are in force
let shownGraph = null

function update() {
  const run = isShown ? lastRunOfOpenWorkflow() : null
  marks = run?.status === "done" ? marksOf(run, executionIds(app.rootGraph)) : new Map()
  rule()
}

/** Ids are those of one graph: another subgraph has other nodes of the same ids. */
function rule() {
  shownGraph = app.canvas.graph
  const marked = [...marks].filter(([node]) => node.graph === shownGraph)
  const rules = markRules(marked.map(([node, mark]) => ({ id: node.id, mark })))
  if (rules === ruled) return
  setRules(rules)
  ruled = rules
  app.canvas.setDirty(true, true)
}

function drawMarks(context) {
  const { canvas } = app
  if (canvas.graph !== shownGraph) rule()
  if (!marks.size || LiteGraph.vueNodesMode) return
  context.save()
  context.font = `12px ${LiteGraph.NODE_FONT ?? "Arial"}`
  context.textBaseline = "middle"
  for (const [node, mark] of marks) if (node.graph === shownGraph) drawMark(context, canvas, node, WORDS[mark])
  context.restore()
}

function drawMark(context, canvas, node, words) {
  const [x, y, width, height] = node.boundingRect
  context.globalAlpha = DIMMED
  context.fillStyle = canvas.clear_background_color
  context.fillRect(x, y, width, height)
  context.globalAlpha = 1
  context.setLineDash([4, 3])
  context.lineWidth = 1
  context.strokeStyle = LiteGraph.WIDGET_TEXT_COLOR
  context.fillStyle = LiteGraph.WIDGET_BGCOLOR
  context.beginPath()
  context.roundRect(x, y + height + 4, context.measureText(words).width + 16, 18, 6)
  context.fill()
  context.stroke()
  context.fillStyle = LiteGraph.WIDGET_TEXT_COLOR
  context.fillText(words, x + 8, y + height + 13)
}

app.registerExtension({
  name: "Switchyard.Marks",
  settings: [
    {
      id: SETTING,
      category: ["Switchyard", "On the canvas", "Marks"],
      name: "Mark nodes that did not run",
      tooltip: "After a run, until the next one: branches that were not taken, and what a closed gate held back.",
      type: "boolean",
      defaultValue: true,
      onChange(isOn) {
        isShown = isOn // older pages don't give the new value yet when they are asked
        if (setRules) update()
      },
    },
  ],
  setup() {
    setRules = createStyles()
    onRunChanged(update)
    const before = app.canvas.onDrawForeground
    app.canvas.onDrawForeground = function (context, ...rest) {
      before?.call(this, context, ...rest)
      drawMarks(context)
    }
  },
  afterConfigureGraph: update,
})
