/**
 * The parameters of the open workflow, for the list of them in the sidebar: read from the canvas, written into the
 * widgets of their nodes. The server judges them, by the rules of a run.
 */
import { api } from "../../../scripts/api.js"
import { app } from "../../../scripts/app.js"
import { appInputs, CLASSES, fedBy, findParameters, groupAround, holderOf, readFields } from "./lib/canvas_parameters.mjs"
import { nodeAt } from "./lib/graph_nodes.mjs"
import { freeParameterName } from "./lib/parameter_rows.mjs"
import { createParameters } from "./lib/parameters_panel.mjs"
import { TEXTS } from "./lib/parameters_texts.mjs"
import { reveal } from "./lib/reveal.mjs"
import { ask } from "./lib/server_answers.mjs"

const ROUTE = "/switchyard/parameters"
const AFTER_RUN = "control_after_generate"
const COMMAND = "Switchyard.EditParameters" // templates.js has it: it opens the tab
const nothing = {} // stands for the open workflow while the page has none

/** The list, which the tab of templates holds. */
export function createParametersSection() {
  return createParameters({ read, judge, write, commit, select, setAfterRun, add, upload, pictureUrl })
}

function read() {
  const found = findParameters(app.rootGraph)
  return {
    workflow: app.extensionManager.workflow?.activeWorkflow ?? nothing,
    rows: found.map(readRow),
    shown: appInputs(app.rootGraph, nodeAt),
  }
}

function readRow(found) {
  const { fields, linkedTo } = readFields(found)
  return {
    id: found.id,
    classType: found.node.comfyClass,
    fields,
    title: found.node.title,
    around: groupAround(found),
    isSilent: found.isSilent,
    linkedTo: linkedTo === undefined ? undefined : (linkedTo?.title ?? null),
    fed: fedBy(found),
    afterRun: readAfterRun(found),
  }
}

/** What becomes of a seed after a run: a widget of its node, unless a subgraph's node shows the seed in its place. */
function readAfterRun(found) {
  const { node } = found
  const widget = holderOf(found, "value")?.node === node ? node.widgets.find((one) => one.name === AFTER_RUN) : null
  const values = widget?.options?.values
  return Array.isArray(values) ? { value: widget.value, values } : null
}

async function judge(graph, files) {
  const body = JSON.stringify({ graph, files })
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body }
  return (await ask(api, ROUTE, options)).parameters
}

function byId(id) {
  return findParameters(app.rootGraph).find((found) => found.id === id)
}

/** Writes a parameter's value as its node's own widget does, and gives what it holds then: widgets round. */
function write(id, value) {
  const holder = byId(id) && holderOf(byId(id), "value")
  if (!holder?.widget) return undefined
  setWidget(holder.node, holder.widget, value)
  return holder.widget.value
}

function setWidget(node, widget, value) {
  if (widget.value === value) return
  const before = widget.value
  const values = widget.options?.values
  if (widget.type === "combo" && Array.isArray(values) && !values.includes(value)) values.push(value)
  widget.value = value
  widget.callback?.(value, app.canvas, node)
  node.onWidgetChanged?.(widget.name, value, before, widget)
  node.graph?.setDirtyCanvas?.(true, true)
}

/** Tells the page that one change is over, so that it can be undone and the workflow counts as changed. */
function commit() {
  app.canvas.emitBeforeChange()
  app.canvas.emitAfterChange()
}

function setAfterRun(id, value) {
  const node = byId(id)?.node
  const widget = node?.widgets?.find((one) => one.name === AFTER_RUN)
  if (!widget) return
  setWidget(node, widget, value)
  commit()
}

function select(id) {
  const node = nodeAt(app.rootGraph, id)
  if (node) reveal(app.canvas, node)
}

/** Puts a new parameter into the graph that is shown, in the middle of what is seen of it. */
function add(kind) {
  const node = LiteGraph.createNode(`Switchyard${kind[0].toUpperCase()}${kind.slice(1)}Parameter`)
  const [left, top, width, height] = app.canvas.visible_area
  node.pos = [left + width / 2 - node.size[0] / 2, top + height / 2 - node.size[1] / 2]
  const name = node.widgets.find((widget) => widget.name === "name")
  name.value = freeParameterName(kind, read().rows)
  app.canvas.emitBeforeChange()
  app.canvas.graph.add(node)
  app.canvas.emitAfterChange()
  app.canvas.deselectAll()
  app.canvas.select(node)
  return findParameters(app.rootGraph).find((found) => found.node === node)?.id
}

async function upload(file) {
  const body = new FormData()
  body.append("image", file)
  const { name, subfolder } = await ask(api, "/upload/image", { method: "POST", body })
  return subfolder ? `${subfolder}/${name}` : name
}

function pictureUrl(name) {
  const [, path, type = "input"] = /^(.*?)(?: \[(input|output|temp)\])?$/s.exec(name)
  const parts = path.split("/")
  const query = new URLSearchParams({ filename: parts.pop(), subfolder: parts.join("/"), type, preview: "webp;80" })
  return api.apiURL(`/view?${query}`)
}

app.registerExtension({
  name: "Switchyard.Parameters",
  getNodeMenuItems(node) {
    if (!CLASSES.includes(node?.comfyClass)) return []
    const show = () => app.extensionManager.command.execute(COMMAND)
    return [{ content: TEXTS.menu, callback: show }]
  },
})
