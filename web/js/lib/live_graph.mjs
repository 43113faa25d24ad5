/**
 * The open workflow as the server would get it, without asking for it: the page's own conversion lets nodes take a
 * picture with a camera or render a scene, so it is left to the moment when a workflow is queued. Also where on the
 * canvas the value of an input lives.
 */

const MUTED = 2
const BYPASSED = 4
const DEEPEST = 1000 // links in a row: a graph that leads back into itself ends there
const LONGEST = 2000 // characters of a text: nothing that is judged is longer

/**
 * @typedef {object} Scope a graph and how one gets there
 * @property {object} graph
 * @property {string} path of the execution ids of its nodes: "" or "12:"
 * @property {object | null} instance the subgraph's node, in `outer`
 * @property {Scope | null} outer
 *
 * @typedef {{node: object, widget: object}} Place a value on the canvas
 * @typedef {{id: string, slot: number} | {places: Place[]} | {isUnknown: true} | null} Source what is plugged in
 */

/** The link into an input. A subgraph's node gives its inner links when asked, so the graph is asked. */
function linkInto(graph, node, slot) {
  if (!node.isSubgraphNode?.()) return node.getInputLink(slot)
  const isIt = (link) => String(link.target_id) === String(node.id) && link.target_slot === slot
  return [...graph.links.values()].find(isIt) ?? null
}

function enter(scope, node) {
  return { graph: node.subgraph, path: `${scope.path}${node.id}:`, instance: node, outer: scope }
}

/** @returns {Source} */
function sourceOf(scope, node, slot, depth = 0) {
  const link = slot < 0 ? null : linkInto(scope.graph, node, slot)
  return link ? originOf(scope, link, node.inputs[slot]?.type, depth) : null
}

function originOf(scope, link, type, depth) {
  if (depth > DEEPEST) return null
  const { outputNode, subgraphInput } = link.resolve(scope.graph)
  if (subgraphInput) return outside(scope, scope.graph.inputNode.slots.indexOf(subgraphInput), depth)
  return outputNode ? outputOf(scope, outputNode, link.origin_slot, type, depth + 1) : null
}

/** What is plugged into an input of the subgraph's node, or the value that the node itself holds. */
function outside({ instance, outer }, slot, depth) {
  if (!outer) return null
  const found = sourceOf(outer, instance, slot, depth + 1)
  const widget = instance.inputs[slot] && instance.getWidgetFromSlot?.(instance.inputs[slot])
  if (!widget) return found
  const own = { node: instance, widget }
  if (!linkInto(outer.graph, instance, slot)) return { places: [own] }
  return found?.places ? { places: [own, ...found.places] } : found
}

function outputOf(scope, node, slot, type, depth) {
  if (node.mode === MUTED) return null
  if (node.mode === BYPASSED) return sourceOf(scope, node, bypassedInput(node, slot, type), depth)
  if (node.isSubgraphNode?.()) {
    const inner = enter(scope, node)
    const links = inner.graph.outputNode.slots[slot]?.linkIds ?? []
    const link = links.length ? inner.graph.links.get(links[0]) : null
    return link ? originOf(inner, link, type, depth) : null
  }
  if (!node.isVirtualNode) return { id: scope.path + node.id, slot }
  if (node.type === "Reroute") return sourceOf(scope, node, 0, depth)
  if (node.type === "PrimitiveNode") return node.widgets?.[0] ? { places: [{ node, widget: node.widgets[0] }] } : null
  return { isUnknown: true } // another pack's node that hands on in ways of its own
}

/** Which input a bypassed node hands on in place of an output, as the page chooses. */
function bypassedInput(node, slot, type) {
  const inputs = node.inputs ?? []
  if (type === "*" || type === "") return inputs.length > slot ? slot : 0
  const fits = (input) => input && (input.type === type || input.type === "*" || type === undefined)
  return fits(inputs[slot]) ? slot : inputs.findIndex(fits)
}

/**
 * @param {object} rootGraph the open workflow
 * @returns {{graph: Record<string, {class_type: string, inputs: object, _meta: {title: string}}>, isWhole: boolean}}
 *   isWhole: false if a node of another pack hands on in ways that nobody else knows
 */
export function liveGraph(rootGraph) {
  const graph = {}
  let isWhole = true
  const walk = (scope) => {
    for (const node of scope.graph?.nodes ?? []) {
      if (node.mode === MUTED || node.mode === BYPASSED) continue
      if (node.isSubgraphNode?.()) walk(enter(scope, node))
      else if (!node.isVirtualNode) graph[scope.path + node.id] = described(scope, node)
    }
  }
  const described = (scope, node) => {
    const inputs = {}
    for (const { name, value, options } of node.widgets ?? []) {
      if (name && options?.serialize !== false) inputs[name] = literal(value)
    }
    for (const [slot, { name }] of (node.inputs ?? []).entries()) {
      const source = sourceOf(scope, node, slot)
      if (source?.isUnknown) isWhole = false
      else if (source?.places) inputs[name] = literal(source.places.at(-1).widget.value)
      else if (source) inputs[name] = [source.id, source.slot]
    }
    return { class_type: String(node.comfyClass ?? node.type), inputs, _meta: { title: String(node.title ?? "") } }
  }
  walk({ graph: rootGraph, path: "", instance: null, outer: null })
  for (const { inputs } of Object.values(graph)) {
    for (const [name, value] of Object.entries(inputs)) if (Array.isArray(value) && !graph[value[0]]) delete inputs[name]
  }
  return { graph, isWhole }
}

/** A widget's value as it is sent: never an array, which would be a link. */
function literal(value) {
  if (typeof value === "string") return value.slice(0, LONGEST)
  return value === null || ["number", "boolean"].includes(typeof value) ? value : { __value__: null }
}

/**
 * Where the value of an input lives that is sent as a literal: a widget of the node, of the subgraph's node around it,
 * or a primitive. The last one decides; those before it follow, which some pages forget.
 *
 * @param {object} rootGraph the open workflow
 * @param {string} executionId "7", or "12:3" for node 3 in the subgraph of node 12
 * @param {string} name of the input
 * @returns {{places: Place[], own: Place} | null} own: the widget on the node itself; null: there is no such value
 */
export function placesOf(rootGraph, executionId, name) {
  let scope = { graph: rootGraph, path: "", instance: null, outer: null }
  let node = null
  for (const id of String(executionId).split(":")) {
    if (node) scope = enter(scope, node)
    node = scope.graph?.nodes.find((one) => String(one.id) === id)
    if (!node) return null
  }
  const widget = node.widgets?.find((one) => one.name === name)
  if (!widget) return null
  const own = { node, widget }
  const slot = (node.inputs ?? []).findIndex((input) => (input.widget?.name ?? input.name) === name)
  const source = sourceOf(scope, node, slot)
  if (!source) return { places: [own], own }
  if (!source.places) return null
  const isFollowed = source.places.length > 1 || source.places[0].node.type === "PrimitiveNode"
  return { places: isFollowed ? [own, ...source.places] : source.places, own }
}
