/**
 * Outputs that pass an input on take its type: a Switch between two pictures gives an IMAGE.
 *
 * Inputs stay wildcards, links are never removed, and nothing depends on what a workflow file says: types are worked
 * out anew from the links after every load, connection and conversion to a subgraph.
 */
import { api } from "../../../scripts/api.js"
import { app } from "../../../scripts/app.js"
import { ANY, followedInputs, followedType, packFolder, wildcardOutputs } from "./lib/slot_types.mjs"

const MODULE = `custom_nodes.${packFolder(import.meta.url)}`
const INPUT = 1 // a slot type of LiteGraph
const pending = new Set()

/** What a node of ours follows, or null for any other node. */
function follows(node) {
  const definition = node?.constructor?.nodeData
  if (definition?.python_module !== MODULE) return null
  const inputs = followedInputs(definition)
  const outputs = wildcardOutputs(definition)
  return inputs.length && outputs.length ? { inputs, outputs } : null
}

/** The type of what is plugged into an input, seen through reroutes and out of subgraphs; null if nothing is. */
function originType(node, slot, around = []) {
  const link = inputLink(node, slot)
  if (!link) return null
  const { output, subgraphInput } = link.resolve(node.graph)
  if (!subgraphInput || subgraphInput.type !== ANY || around.includes(node.graph)) return (output ?? subgraphInput)?.type ?? ANY
  const index = node.graph.inputNode.slots.indexOf(subgraphInput)
  return followedType(instancesOf(node.graph).map((instance) => originType(instance, index, [...around, node.graph])))
}

/** The link into an input. A subgraph's node gives its inner links when asked by getInputLink, so the graph is asked. */
function inputLink(node, slot) {
  if (slot < 0 || !node.graph) return null
  if (!node.isSubgraphNode?.()) return node.getInputLink(slot)
  return linksOf(node.graph).find((link) => isAt(link.target_id, link.target_slot, node, slot)) ?? null
}

function linksOf(graph) {
  return [...graph.links.values()]
}

function isAt(id, slot, node, index) {
  return String(id) === String(node.id) && slot === index // node ids are numbers or strings, by version
}

function allGraphs() {
  const root = app.rootGraph
  return root ? [root, ...(root.subgraphs?.values() ?? [])] : []
}

function instancesOf(subgraph) {
  return allGraphs().flatMap((graph) => graph.nodes.filter((node) => node.subgraph === subgraph))
}

/** Works out a node's output types anew; for a subgraph's node, those of the nodes inside it. */
function update(node) {
  if (!node.graph) return
  if (node.isSubgraphNode?.()) return node.subgraph.nodes.forEach(update)
  const followed = follows(node)
  if (!followed) return
  const slots = followed.inputs.map((name) => node.inputs.findIndex((input) => input.name === name))
  const types = slots.map((slot) => originType(node, slot))
  slots.forEach((slot, index) => colorLink(inputLink(node, slot), types[index]))
  for (const index of followed.outputs) setOutputType(node, index, followedType(types))
}

/** A link into a wildcard input takes the color of what comes through it. */
function colorLink(link, type) {
  if (link && type) link.type = type
}

/** Gives an output its type, and tells whatever it is plugged into. */
function setOutputType(node, index, type) {
  const output = node.outputs[index]
  if (!output) return
  const changed = output.type !== type
  output.type = type
  for (const link of linksOf(node.graph).filter((link) => isAt(link.origin_id, link.origin_slot, node, index))) {
    const { input, inputNode, subgraphOutput } = link.resolve(node.graph)
    link.type = input && input.type !== ANY ? input.type : type
    if (subgraphOutput && subgraphOutput.type !== type) setSubgraphOutputType(node.graph, subgraphOutput, type)
    if (changed && inputNode) tell(inputNode, link, input)
  }
  if (changed) node.graph.setDirtyCanvas?.(true, true)
}

function setSubgraphOutputType(subgraph, subgraphOutput, type) {
  const index = subgraph.outputNode.slots.indexOf(subgraphOutput)
  subgraphOutput.type = type
  for (const instance of instancesOf(subgraph)) setOutputType(instance, index, type)
}

function tell(node, link, input) {
  if (node.type === "Reroute") node.onConnectionsChange?.(INPUT, link.target_slot, true, link, input)
  else update(node)
}

/** Links are made one by one while a graph is built or pasted: wait until all of them are there. */
function updateSoon(node) {
  if (!pending.size) queueMicrotask(updatePending)
  pending.add(node)
}

function updatePending() {
  const nodes = [...pending]
  pending.clear()
  for (const node of nodes) update(node)
}

function updateAll() {
  for (const graph of allGraphs()) graph.nodes.forEach(update)
}

app.registerExtension({
  name: "Switchyard.TypeFollowing",
  nodeCreated(node) {
    if (!follows(node) && !node.isSubgraphNode?.()) return
    const before = node.onConnectionsChange
    node.onConnectionsChange = function (...args) {
      before?.apply(this, args)
      updateSoon(this)
    }
  },
  setup() {
    api.addEventListener("graphChanged", updateAll) // a node that is not ours may have changed its output upstream
  },
  afterConfigureGraph: updateAll,
})
