/** The template parameters of the graph on the canvas: found, read, and made a graph that the server can judge. */
import { linkInto, linksFrom, targets } from "./graph_links.mjs"

const GENERAL = ["SwitchyardTemplateParameter", "TemplateParam"] // a chooser says their type
const CHOICE = "SwitchyardChoiceParameter"
export const CLASSES = [
  ...GENERAL,
  CHOICE,
  ...["Text", "Integer", "Number", "Boolean", "Seed", "Image"].map((kind) => `Switchyard${kind}Parameter`),
]
const FIELDS = ["name", "type", "value", "label", "description", "group", "order", "default", "min", "max", "step", "choices"]
const SILENT = [2, 4] // modes of a node: muted, bypassed

/**
 * @typedef {object} Found a parameter node, once for each way to it
 * @property {string} id as the server knows it, such as "12:3" in a subgraph
 * @property {object} node
 * @property {object[]} way the subgraphs' nodes that lead to it
 * @property {boolean} isSilent it, or a subgraph that it is in, is muted or bypassed
 *
 * @param {object} rootGraph the open workflow
 * @returns {Found[]} in the order of the workflow
 */
export function findParameters(rootGraph) {
  const found = []
  const walk = (graph, way, isSilent) => {
    for (const node of [...(graph?.nodes ?? [])].sort((a, b) => a.order - b.order)) {
      const silent = isSilent || SILENT.includes(node.mode)
      if (node.isSubgraphNode?.()) walk(node.subgraph, [...way, node], silent)
      else if (CLASSES.includes(node.comfyClass)) found.push({ id: idOf(node, way), node, way, isSilent: silent })
    }
  }
  walk(rootGraph, [], false)
  return found
}

function idOf(node, way) {
  return [...way, node].map((one) => String(one.id)).join(":")
}

/**
 * The widget that says what a field of a node is: its own, or the one that a subgraph's node shows in its place.
 * @param {Found} found
 * @param {string} name
 * @returns {{node: object, widget: object} | {linkedTo: object | null} | null} `linkedTo` where a link brings the value;
 *   null if there is no such field
 */
export function holderOf({ node, way }, name) {
  const slot = node.inputs?.findIndex((input) => (input.widget?.name ?? input.name) === name) ?? -1
  return heldAt(node, slot, name, way)
}

function heldAt(node, slot, name, way) {
  const link = linkInto(node, slot)
  if (!link) {
    const widget = node.widgets?.find((one) => one.name === name)
    return widget ? { node, widget } : null
  }
  const { outputNode, subgraphInput } = link.resolve(node.graph)
  const instance = way.at(-1)
  if (!subgraphInput || !instance) return { linkedTo: outputNode ?? null }
  const outer = node.graph.inputNode.slots.indexOf(subgraphInput)
  const input = instance.inputs[outer]
  return heldAt(instance, outer, input?.widget?.name ?? input?.name, way.slice(0, -1)) ?? { linkedTo: null }
}

/**
 * What a parameter node says.
 * @param {Found} found
 * @returns {{fields: Record<string, unknown>, linkedTo: object | null | undefined}} fields that a link brings are
 *   links; `linkedTo` is the node that brings the value, null if it can't be told, undefined if none does
 */
export function readFields(found) {
  const fields = {}
  let linkedTo
  for (const name of FIELDS) {
    const holder = holderOf(found, name)
    if (!holder) continue
    fields[name] = holder.widget ? holder.widget.value : ["link", 0]
    if (name === "value" && !holder.widget) linkedTo = holder.linkedTo
  }
  return { fields, linkedTo }
}

/**
 * The inputs that a choice feeds, as nodes in API format that have nothing but these links.
 * @param {Found} found
 * @returns {Record<string, {class_type: string, inputs: Record<string, [string, number]>}>}
 */
export function fedBy(found) {
  const { id, node, way } = found
  const isChoice = node.comfyClass === CHOICE || GENERAL.includes(node.comfyClass)
  const fed = {}
  for (const target of isChoice ? targets(linksFrom(node, 0), node.graph, way) : []) {
    if (SILENT.includes(target.node.mode) || CLASSES.includes(target.node.comfyClass) || !target.node.comfyClass) continue
    const place = idOf(target.node, target.way)
    fed[place] ??= { class_type: target.node.comfyClass, inputs: {} }
    fed[place].inputs[target.input.widget?.name ?? target.input.name] = [id, 0]
  }
  return fed
}

/**
 * What the canvas calls the part that a node is in: the title of the smallest group around its middle, also of those
 * around the subgraphs that it is in.
 * @param {Found} found
 * @returns {string} "" if there is none
 */
export function groupAround({ node, way }) {
  const around = [...way, node].flatMap((one) => {
    const [left, top, width, height] = one.boundingRect
    const middle = [left + width / 2, top + height / 2]
    return (one.graph?.groups ?? []).filter(({ pos, size }) =>
      [0, 1].every((axis) => middle[axis] >= pos[axis] && middle[axis] < pos[axis] + size[axis]),
    )
  })
  around.sort((a, b) => a.size[0] * a.size[1] - b.size[0] * b.size[1])
  return around[0]?.title ?? ""
}

/**
 * The inputs that the workflow shows in App mode, in its order.
 * @param {object} rootGraph the open workflow
 * @param {(rootGraph: object, id: string) => object | null} nodeAt finds a node by its id
 * @returns {{id: string, name: string, label: string, value: unknown, isThere: boolean}[]}
 */
export function appInputs(rootGraph, nodeAt) {
  const listed = rootGraph?.extra?.linearData?.inputs
  return (Array.isArray(listed) ? listed : []).flatMap((entry) => {
    if (!Array.isArray(entry) || entry.length < 2) return []
    const { id, name } = placeOf(String(entry[0]), String(entry[1]), String(rootGraph.id))
    const node = nodeAt(rootGraph, id)
    const widget = node?.widgets?.find((one) => one.name === name)
    return [{ id, name, label: String(entry[2]?.label || node?.title || name), value: widget?.value, isThere: Boolean(widget) }]
  })
}

/** Newer pages write <id of the workflow>:<id of the node>:<widget> in place of the node's id. */
function placeOf(written, name, workflowId) {
  if (!written.startsWith(`${workflowId}:`)) return { id: written, name }
  const [id, ...widget] = written.slice(workflowId.length + 1).split(":")
  try {
    return { id, name: widget.length ? decodeURIComponent(widget.join(":")) : name }
  } catch {
    return { id, name } // a stray % in a file that was written by hand
  }
}
