/** Follows links of the graph on the canvas: into reroutes and subgraphs, and out of them. */

/**
 * The ways to a graph: the subgraphs' nodes that lead there from the open workflow, the outermost first.
 * @param {object} rootGraph the open workflow
 * @param {object} graph
 * @returns {object[][]} one way for the workflow itself, which is empty; none for a subgraph that is nowhere
 */
export function waysTo(rootGraph, graph) {
  const found = []
  const walk = (level, way) => {
    if (level === graph) found.push(way)
    for (const node of level?.nodes ?? []) if (node.isSubgraphNode?.()) walk(node.subgraph, [...way, node])
  }
  walk(rootGraph, [])
  return found
}

/** The links out of an output; the page's own lists of them are deprecated, and node ids are numbers or strings. */
export function linksFrom(node, slot) {
  const links = node.graph ? [...node.graph.links.values()] : []
  return links.filter((link) => String(link.origin_id) === String(node.id) && link.origin_slot === slot)
}

/** The link into an input. A subgraph's node gives its inner links when asked by getInputLink, so the graph is asked. */
export function linkInto(node, slot) {
  if (slot < 0 || !node.graph) return null
  if (!node.isSubgraphNode?.()) return node.getInputLink(slot) ?? null
  const links = [...node.graph.links.values()]
  return links.find((link) => String(link.target_id) === String(node.id) && link.target_slot === slot) ?? null
}

/**
 * The inputs that links lead to in the end.
 * @param {object[]} links of `graph`
 * @param {object} graph
 * @param {object[]} way the subgraphs' nodes that lead to the graph
 * @returns {{node: object, input: object, way: object[]}[]}
 */
export function targets(links, graph, way, seen = new Set()) {
  return links.flatMap((link) => {
    const step = `${way.map((node) => node.id).join(":")}/${link?.id}`
    if (!link || seen.has(step)) return []
    seen.add(step)
    const { input, inputNode, subgraphOutput } = link.resolve(graph)
    if (subgraphOutput) {
      const slot = graph.outputNode.slots.indexOf(subgraphOutput)
      const instance = way.at(-1)
      return instance ? targets(linksFrom(instance, slot), instance.graph, way.slice(0, -1), seen) : []
    }
    if (!inputNode || !input) return []
    if (inputNode.type === "Reroute") return targets(linksFrom(inputNode, 0), graph, way, seen)
    if (!inputNode.isSubgraphNode?.()) return [{ node: inputNode, input, way }]
    const inner = inputNode.subgraph
    const slot = inner.inputNode.slots[inputNode.inputs.indexOf(input)]
    return targets((slot?.linkIds ?? []).map((id) => inner.links.get(id)), inner, [...way, inputNode], seen)
  })
}
