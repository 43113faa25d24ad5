/** Hints about a workflow before it runs, in words. Pure functions: no page. The server finds them. */

export const TEXTS = {
  no_seed: ({ title, text }) => `${title}: ${text}`,
  runs_anyway: ({ title, input, output }) =>
    `${output} belongs to ${input} of ${title}. It is an output, so it runs, and all that it needs, even when ${input} is not ` +
    "taken. Move it behind a Gate, or mute it.",
  same_name: ({ title, name, others }) =>
    `${title}: another parameter is called ${name} too (${others}). The run would fail: give each its own name.`,
  show: (title) => `Show ${title}`,
  rename: (name) => `Rename to ${name}`,
  toastSummary: "Before you run this workflow",
  toastMore: (count) => `and ${count} more`,
  toastWhere: "The run report (Ctrl+Shift+L) has them all.",
}
const SHOWN = 2 // in a toast
const JUDGED = /^Switchyard(QualityGate|Switch|Select|FirstAvailable|Gate|\w*Parameter)$|^(Switch|ComfySwitchNode|TemplateParam)$/

/**
 * Whether there is anything in a workflow that hints could be about: most have nothing, and are left alone.
 *
 * @param {object} rootGraph the open workflow
 * @returns {boolean}
 */
export function isWorthAsking(rootGraph) {
  const graphs = rootGraph ? [rootGraph, ...(rootGraph.subgraphs?.values() ?? [])] : []
  return graphs.some(({ nodes }) => nodes.some((node) => JUDGED.test(node.comfyClass ?? node.type)))
}

/**
 * @typedef {{key: string, rule: string, node: string, target: string, text: string, fix: string, name: string | null}} Hint
 *   key: the same for the same hint; target: the node that the fix shows; name: what the fix writes, if it renames
 *
 * @param {object[]} found what the server answered
 * @param {Record<string, {class_type: string, _meta?: {title?: string}}>} graph that was asked about
 * @returns {Hint[]} those of rules that this page doesn't know are left out
 */
export function readHints(found, graph) {
  const title = (id) => graph[id]?._meta?.title || graph[id]?.class_type || `#${id}`
  return found.filter(({ rule }) => ["no_seed", "runs_anyway", "same_name"].includes(rule)).map((hint) => {
    const { rule, node } = hint
    const target = rule === "runs_anyway" ? hint.output : node
    const words = { ...hint, title: title(node), output: title(hint.output), others: (hint.others ?? []).map(title).join(", ") }
    const name = rule === "same_name" ? (hint.free ?? null) : null
    return {
      key: [rule, node, hint.input, hint.output, hint.name].filter((part) => part !== undefined).join("/"),
      rule,
      node,
      target,
      text: TEXTS[rule](words),
      fix: name === null ? TEXTS.show(title(target)) : TEXTS.rename(name),
      name,
    }
  })
}

/**
 * What a toast says about hints that were not shown before.
 * @param {Hint[]} fresh
 * @returns {string}
 */
export function toastDetail(fresh) {
  const lines = fresh.slice(0, SHOWN).map(({ text }) => text)
  if (fresh.length > SHOWN) lines.push(TEXTS.toastMore(fresh.length - SHOWN))
  return [...lines, TEXTS.toastWhere].join("\n")
}
