/**
 * What of a graph a run needed, and what a closed gate kept from doing anything.
 *
 * The server says which nodes ran and which it had kept from earlier runs, but it names kept nodes whether they were
 * needed or not. So this walks back from the outputs, past the branches that were not taken.
 */

const CONDITIONAL = {
  switch: { isBranch: (name) => name === "on_true" || name === "on_false", taken: ({ branch }) => [branch] },
  select: { isBranch: (name) => name === "default" || /^input_\d+$/.test(name), taken: ({ branch }) => [branch] },
  gate: { isBranch: (name) => name === "value", taken: ({ open }) => (open ? ["value"] : []) },
  first_available: { isBranch: (name) => /^input_\d+$/.test(name), taken: askedInOrder },
}

/** A First Available asks one input after the other until one has a value. */
function askedInOrder({ plugged = [], index }) {
  const found = plugged.indexOf(`input_${index}`)
  return found < 0 ? plugged : plugged.slice(0, found + 1)
}

export function isLink(value) {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && typeof value[1] === "number"
}

/**
 * @typedef {object} Evidence
 * @property {(id: string) => object[]} decisions what a node said in this run, one payload for each item
 * @property {(id: string) => boolean} hasRun whether it ran, or was kept from an earlier run
 * @property {Set<string>} silenced nodes that the server itself called blocked
 * @property {boolean} isWatched whether hasRun knows: it does not for runs that were read from the history
 * @property {(classType: string, input: string) => boolean} isLazy
 */

/**
 * The inputs of a node that were asked for and that another node is plugged into.
 *
 * @param {object} prompt graph in API format
 * @param {string} id
 * @param {Evidence} evidence
 * @returns {[string, number][]} what is plugged in there: ids of nodes, and which of their outputs
 */
function askedFor(prompt, id, evidence) {
  const { class_type: classType, inputs } = prompt[id]
  const said = evidence.decisions(id)
  const rule = said.length ? CONDITIONAL[said[0].kind] : undefined
  const taken = new Set(rule ? said.flatMap((one) => rule.taken(one.data ?? {})) : [])
  return Object.entries(inputs ?? {}).flatMap(([name, value]) => {
    if (!isLink(value) || !prompt[value[0]]) return []
    if (rule?.isBranch(name)) return taken.has(name) ? [value] : []
    const mayBeSkipped = !rule && evidence.isWatched && evidence.isLazy(classType, name)
    return mayBeSkipped && !evidence.hasRun(value[0]) ? [] : [value]
  })
}

/**
 * @param {object} prompt graph in API format
 * @param {string[]} outputs ids of the output nodes that the server was asked for
 * @param {Evidence} evidence
 * @returns {{needed: Set<string>, blocked: Set<string>}} blocked ones are needed ones that something upstream silenced
 */
export function reach(prompt, outputs, evidence) {
  const links = new Map() // of every needed node
  const waiting = outputs.filter((id) => prompt[id])
  while (waiting.length) {
    const id = waiting.pop()
    if (links.has(id)) continue
    links.set(id, askedFor(prompt, id, evidence))
    waiting.push(...links.get(id).map(([source]) => source))
  }
  return { needed: new Set(links.keys()), blocked: blockedBy(prompt, links, evidence) }
}

/** What gets a blocker instead of a value, at once or through other nodes. */
function blockedBy(prompt, links, evidence) {
  const blocked = new Set([...evidence.silenced].filter((id) => links.has(id)))
  const after = followers(links)
  const silent = (id, slot) => silences(prompt[id].inputs ?? {}, evidence.decisions(id), slot)
  const sources = [...links.keys()].filter((id) => evidence.decisions(id).length)
  const next = [...blocked].flatMap((id) => after.get(id) ?? [])
  next.push(...sources.flatMap((id) => (after.get(id) ?? []).filter(({ slot }) => silent(id, slot))))
  while (next.length) {
    const { id } = next.pop()
    if (blocked.has(id) || evidence.decisions(id).length) continue // what decided something was not blocked
    blocked.add(id)
    next.push(...(after.get(id) ?? []))
  }
  return blocked
}

/** Of every node, the nodes that its outputs are plugged into. */
function followers(links) {
  const after = new Map()
  for (const [id, sources] of links) {
    for (const [source, slot] of sources) after.set(source, [...(after.get(source) ?? []), { id, slot }])
  }
  return after
}

/** Whether all that a node handed on at an output was a blocker. */
function silences(inputs, said, slot) {
  return said.every(({ kind, data = {} }) => {
    if (kind === "face_detailer") return (slot === 2 || slot === 3) && !data.faces?.some(({ crop }) => crop)
    if (kind === "pick_best") return slot < 3 && inputs.if_none_pass !== "none" && data.indexes?.length === 0
    if (slot !== 0) return false
    if (kind === "gate") return !data.open
    if (kind === "quality_gate") return data.passed === false && inputs.if_none_pass === "block" && !inputs.replay
    if (inputs.if_missing !== "block") return false
    if (kind === "first_available") return data.index === -1
    return (kind === "switch" || kind === "select") && inputs[data.branch] === undefined
  })
}
