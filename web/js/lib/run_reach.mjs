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
 * @returns {string[]} ids of the nodes plugged in there
 */
function askedFor(prompt, id, evidence) {
  const { class_type: classType, inputs } = prompt[id]
  const said = evidence.decisions(id)
  const rule = said.length ? CONDITIONAL[said[0].kind] : undefined
  const taken = new Set(rule ? said.flatMap((one) => rule.taken(one.data ?? {})) : [])
  return Object.entries(inputs ?? {}).flatMap(([name, value]) => {
    if (!isLink(value) || !prompt[value[0]]) return []
    if (rule?.isBranch(name)) return taken.has(name) ? [value[0]] : []
    const mayBeSkipped = !rule && evidence.isWatched && evidence.isLazy(classType, name)
    return mayBeSkipped && !evidence.hasRun(value[0]) ? [] : [value[0]]
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
    waiting.push(...links.get(id))
  }
  const blocked = new Set([...evidence.silenced].filter((id) => links.has(id)))
  const isSource = (id) => blocked.has(id) || silences(prompt[id].inputs ?? {}, evidence.decisions(id))
  const next = [...links.keys()].filter(isSource)
  const after = followers(links)
  while (next.length) {
    for (const id of after.get(next.pop()) ?? []) {
      if (blocked.has(id) || evidence.decisions(id).length) continue // what decided something was not blocked
      blocked.add(id)
      next.push(id)
    }
  }
  return { needed: new Set(links.keys()), blocked }
}

function followers(links) {
  const after = new Map()
  for (const [id, sources] of links) for (const source of sources) after.set(source, [...(after.get(source) ?? []), id])
  return after
}

/** Whether all that a node handed on was a blocker. */
function silences(inputs, said) {
  return said.length > 0 && said.every(({ kind, data = {} }) => {
    if (kind === "gate") return !data.open
    if (kind === "quality_gate") return data.passed === false && inputs.if_none_pass === "block" && !inputs.replay
    if (inputs.if_missing !== "block") return false
    if (kind === "first_available") return data.index === -1
    return (kind === "switch" || kind === "select") && inputs[data.branch] === undefined
  })
}
