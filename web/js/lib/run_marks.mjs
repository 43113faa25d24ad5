/** Which nodes get the mark that they did not run, and how it looks in Nodes 2.0. */
import { TEXTS } from "./verdicts_texts.mjs"

export const WORDS = TEXTS.marks // the very object: the words of the page's language are written into it

/**
 * @param {import("./run_record.mjs").Run | null} run
 * @param {Map<object, string[]>} ids the nodes of the open workflow with the ids that the server knows them by
 * @returns {Map<object, "unused" | "blocked">}
 */
export function marksOf(run, ids) {
  const marks = new Map()
  if (run?.status !== "done" || !run.prompt) return marks
  const insides = new Map() // of a subgraph's node: the states of all that is in it
  for (const [node, own] of ids) {
    const known = own.filter((id) => run.nodes.has(id) && run.prompt[id]?.class_type === classOf(node))
    const states = known.map((id) => run.nodes.get(id).state)
    if (states.length) setMark(marks, node, states)
    for (const id of known) {
      const path = id.split(":").slice(0, -1)
      for (let depth = path.length; depth > 0; depth--) {
        const outer = path.slice(0, depth).join(":")
        insides.set(outer, [...(insides.get(outer) ?? []), run.nodes.get(id).state])
      }
    }
  }
  for (const [node, own] of ids) {
    const states = own.flatMap((id) => insides.get(id) ?? [])
    if (states.length) setMark(marks, node, states)
  }
  return marks
}

/** The node may have been replaced by another one since. */
function classOf(node) {
  return node.comfyClass ?? node.type
}

function setMark(marks, node, states) {
  if (states.every((state) => state === "unused")) marks.set(node, "unused")
  else if (states.every((state) => state in WORDS)) marks.set(node, "blocked")
}

/**
 * The rules that mark nodes in Nodes 2.0, where every node is an element.
 *
 * @param {{id: string | number, mark: "unused" | "blocked"}[]} marked the nodes of the graph that is shown
 */
export function markRules(marked) {
  return marked
    .map(({ id, mark }) => {
      const node = `[data-node-id="${CSS.escape(String(id))}"]`
      return `${node} > :not([role="button"]) { opacity: 0.45 }
${node}::after { content: "${WORDS[mark]}"; ${LOOK} }`
    })
    .join("\n")
}

const LOOK = `position: absolute; top: calc(100% + 4px); left: 0; padding: 1px 8px; border: 1px dashed var(--input-text);
border-radius: 6px; background: var(--comfy-input-bg); color: var(--input-text); font-size: 12px; line-height: 16px;
white-space: nowrap; pointer-events: none;`
