/** Finds the node on the canvas that an id of the server or of the page stands for, also inside subgraphs. */

/**
 * @param {object} rootGraph the open workflow
 * @param {string | number} executionId "7", or "12:3" for node 3 in the subgraph of node 12
 * @returns {object | null}
 */
export function nodeAt(rootGraph, executionId) {
  let graph = rootGraph
  let node = null
  for (const id of String(executionId).split(":")) {
    node = graph?.nodes.find((one) => String(one.id) === id) ?? null // ids are numbers or strings, by version
    if (!node) return null
    graph = node.subgraph
  }
  return node
}

/**
 * @param {object} rootGraph the open workflow
 * @param {string} locator "7", or "<id of a subgraph>:3": the keys of the page's own node outputs
 * @returns {object | null}
 */
export function nodeOfLocator(rootGraph, locator) {
  const [id, subgraphId] = String(locator).split(":").reverse()
  const graph = subgraphId === undefined ? rootGraph : rootGraph?.subgraphs?.get(subgraphId)
  return graph?.nodes.find((one) => String(one.id) === id) ?? null
}

/**
 * Every node of a workflow with the ids that the server knows it by: a node in a subgraph that is used twice has two.
 *
 * @param {object} rootGraph the open workflow
 * @returns {Map<object, string[]>} subgraphs' own nodes included
 */
export function executionIds(rootGraph) {
  const ids = new Map()
  const walk = (graph, path) => {
    for (const node of graph?.nodes ?? []) {
      const id = path + node.id
      ids.set(node, [...(ids.get(node) ?? []), id])
      if (node.isSubgraphNode?.()) walk(node.subgraph, `${id}:`)
    }
  }
  walk(rootGraph, "")
  return ids
}
