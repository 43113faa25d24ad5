/**
 * A Choice Parameter gets a list to choose from: its own choices, or what the inputs take that it is plugged into.
 *
 * The list is a widget of its own, after all others and never saved; what runs and what is saved is the text above it.
 */
import { api } from "../../../scripts/api.js"
import { app } from "../../../scripts/app.js"
import { offeredValues } from "./lib/choice_lists.mjs"
import { linksFrom, targets, waysTo } from "./lib/graph_links.mjs"
import { TEXTS } from "./lib/parameters_texts.mjs"

const NODE = "SwitchyardChoiceParameter"
const CHOOSER = "choose"
const firstChoosers = new WeakMap() // by node

function widget(node, name) {
  return node.widgets?.find((one) => one.name === name)
}

function allGraphs() {
  const root = app.rootGraph
  return root ? [root, ...(root.subgraphs?.values() ?? [])] : []
}

/** What an input takes that has a list of values; null for any other. */
function listOf({ node, input }) {
  const found = widget(node, input.widget?.name ?? input.name)
  if (found?.type !== "combo") return null
  const values = found.options?.values
  const list = typeof values === "function" ? values(found, node) : values
  return Array.isArray(list) ? list : null
}

function update(node) {
  if (!widget(node, CHOOSER) || !node.graph) return
  const ways = waysTo(app.rootGraph, node.graph)
  const fed = ways.flatMap((way) => targets(linksFrom(node, 0), node.graph, way))
  const lists = fed.map(listOf).filter((list) => list)
  setChooser(node, offeredValues(widget(node, "choices")?.value, lists))
}

/**
 * Has the list offer some values and show what is written. It is made anew, after all other widgets: Nodes 2.0 doesn't
 * look at what an old one offers, nor at a value that it wasn't told of. In page 1.32 it doesn't see the new one either
 * once something else of the node was written: there the first one's list of values is what it shows, so all have the
 * same one, and the first one's callback has it look again.
 */
function setChooser(node, values) {
  const before = widget(node, CHOOSER)
  const written = String(widget(node, "value")?.value ?? "")
  if (before?.value === written && before.options.values.join("\n") === values.join("\n")) return
  const size = [...node.size]
  const first = firstChoosers.get(node) ?? before
  const shared = first?.options.values ?? []
  shared.splice(0, shared.length, ...values)
  if (before) node.removeWidget(before)
  const choose = (picked) => {
    const text = widget(node, "value")
    if (typeof picked !== "string" || picked === text.value) return
    text.value = picked
    text.callback?.(picked)
  }
  const options = { values: shared, serialize: false, hideInPanel: true }
  const chooser = node.addWidget("combo", CHOOSER, written, choose, options)
  chooser.serialize = false
  chooser.tooltip = TEXTS.chooser
  firstChoosers.set(node, first ?? chooser)
  first?.callback?.(written)
  if (before) node.setSize(size)
  node.graph?.setDirtyCanvas?.(true, true)
}

function updateAll() {
  for (const graph of allGraphs()) graph.nodes.filter((node) => node.comfyClass === NODE).forEach(update)
}

/** Calls another function after a widget's own. */
function after(found, then) {
  const before = found?.callback
  if (found) found.callback = function (...args) {
    const result = before?.apply(this, args)
    then()
    return result
  }
}

app.registerExtension({
  name: "Switchyard.ChoiceParameter",
  nodeCreated(node) {
    if (node.comfyClass !== NODE) return
    setChooser(node, [])
    after(widget(node, "value"), () => update(node))
    after(widget(node, "choices"), () => update(node))
    const connected = node.onConnectionsChange
    node.onConnectionsChange = function (...args) {
      connected?.apply(this, args)
      queueMicrotask(() => update(this))
    }
  },
  setup() {
    api.addEventListener("graphChanged", updateAll) // what is plugged in may have changed behind a reroute or a subgraph
  },
  afterConfigureGraph: updateAll,
})
