/** Writes the seeds of a candidate back onto the canvas, so that the next run begins with just that picture. */
import { placesOf } from "./live_graph.mjs"

const EXACT = /^\d{1,16}$/

/**
 * @typedef {{id: string, name: string, value: unknown, places: {node: object, widget: object}[], own: object}} Write
 * @typedef {"none" | "inexact" | "gone" | "shared"} Problem none: nothing tells what to write; inexact: a seed that the
 *   page would round; gone: the canvas has no such value any more; shared: one value would have to be two
 *
 * What has to be written, or why it can't be. Nothing is written here.
 *
 * @param {object} rootGraph the open workflow
 * @param {string} gate execution id of the Quality Gate
 * @param {{literals: Record<string, Record<string, unknown>> | null, replay: string}} candidate
 * @returns {{writes: Write[], problem: null} | {problem: Problem, id: string, name: string, value: unknown}}
 */
export function planWrites(rootGraph, gate, candidate) {
  if (!candidate.literals) return { problem: "none", id: gate, name: "", value: null }
  const wanted = Object.entries(candidate.literals).flatMap(([id, named]) =>
    Object.entries(named).map(([name, value]) => ({ id, name, value })),
  )
  wanted.push({ id: gate, name: "replay", value: candidate.replay })
  const writes = []
  const values = new Map()
  for (const { id, name, value } of wanted) {
    const found = placesOf(rootGraph, id, name)
    const isReplay = name === "replay"
    if (!found) {
      if (isReplay && value === "") continue
      return { problem: "gone", id, name, value }
    }
    const source = found.places.at(-1).widget
    const held = fitting(source, value, isReplay)
    if (held === null) return { problem: "inexact", id, name, value }
    if (values.has(source) && values.get(source) !== held) return { problem: "shared", id, name, value }
    values.set(source, held)
    writes.push({ id, name, value: held, ...found })
  }
  return { writes, problem: null }
}

/** The value as a widget holds it; null if it would be rounded. A general parameter holds its number as text. */
function fitting(widget, value, isText) {
  if (isText || typeof widget.value === "string") return String(value)
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : null
  const text = String(value)
  return EXACT.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null
}

/**
 * Writes what was planned, and has none of the seeds change after the next run.
 *
 * @param {Write[]} writes
 * @param {object} canvas the page's canvas
 */
export function write(writes, canvas) {
  for (const { name, value, places, own } of writes) {
    for (const { node, widget } of places) set(node, widget, value, canvas)
    if (name === "replay") continue
    for (const { node, widget } of [own, ...places]) {
      const control = controlOf(node, widget)
      if (control && control.value !== "fixed") set(node, control, "fixed", canvas)
    }
  }
}

function set(node, widget, value, canvas) {
  widget.value = value
  widget.callback?.(value, canvas, node)
  node.graph?.setDirtyCanvas?.(true, true)
}

/** The widget that says what becomes of a seed after a run. */
function controlOf(node, widget) {
  const isControl = (one) => {
    const values = one?.options?.values
    return Array.isArray(values) && values.includes("fixed") && values.includes("randomize")
  }
  const linked = (widget.linkedWidgets ?? []).find(isControl)
  const next = node.widgets?.[node.widgets.indexOf(widget) + 1]
  return linked ?? (isControl(next) ? next : null)
}
