/** What is in a template, in words, and whether the page can show it. Pure functions: no page, no graph. */

import { TEXTS } from "./templates_texts.mjs"

const SHOWN = 60 // characters of a default

/**
 * A parameter in one line: its name, type, range and default.
 * @param {{name: string, type: string, default?: unknown, min?: number, max?: number, choices?: unknown[]}} parameter
 * @returns {{name: string, about: string}}
 */
export function describeParameter(parameter) {
  const parts = [TEXTS.types[parameter.type] ?? parameter.type]
  const { min, max } = parameter
  if (parameter.type !== "seed" && (min !== undefined || max !== undefined)) parts.push(rangeOf(min, max))
  if (Array.isArray(parameter.choices)) parts.push(TEXTS.choices(parameter.choices.length))
  const value = parameter.default
  const about = parts.join(TEXTS.comma)
  return { name: parameter.name, about: value === undefined || value === "" ? about : TEXTS.withDefault(about, shorten(value)) }
}

function rangeOf(min, max) {
  if (max === undefined) return TEXTS.from(min)
  return min === undefined ? TEXTS.upTo(max) : TEXTS.range(min, max)
}

function shorten(value) {
  const text = (typeof value === "string" ? value : JSON.stringify(value)).replace(/\s+/g, " ")
  const characters = [...text]
  return characters.length > SHOWN ? `${characters.slice(0, SHOWN - 1).join("")}…` : text
}

/**
 * Why the page can't draw a graph that comes without its workflow; null if it can. The page itself would clear the
 * canvas first and fail then.
 * @param {Record<string, {class_type: string, inputs?: Record<string, unknown>}>} graph in API format
 * @param {(classType: string) => boolean} isKnown whether the page has a class of nodes
 * @returns {string | null}
 */
export function graphProblem(graph, isKnown) {
  const nodes = Object.entries(graph)
  const missing = [...new Set(nodes.map(([, node]) => node.class_type).filter((type) => !isKnown(type)))]
  if (missing.length) return TEXTS.missing(missing.join(TEXTS.comma))
  for (const [id, node] of nodes)
    for (const [name, value] of Object.entries(node.inputs ?? {}))
      if (Array.isArray(value) && !(String(value[0]) in graph))
        return TEXTS.notDrawn(name, id, node.class_type)
  return null
}
