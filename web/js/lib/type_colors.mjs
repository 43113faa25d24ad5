/** The colors of the types of this pack, and of those it shares with others: readable on dark and on light canvases. */
export const COLORS = {
  BBOX_DETECTOR: "#4db6ac",
  BOUNDING_BOX: "#7986cb",
  FACE_CROPS: "#f06292",
  SEGS: "#afb42b",
}

/**
 * Fills in the colors that a table lacks; a color that a palette or another pack has set stays.
 * @param {Record<string, string>} table colors by type
 * @returns {boolean} whether one was missing
 */
export function fillColors(table) {
  const missing = Object.entries(COLORS).filter(([type]) => !table[type])
  for (const [type, color] of missing) table[type] = color
  return missing.length > 0
}

/**
 * The same for Nodes 2.0, as rules that any other rule outdoes.
 * @returns {string}
 */
export function colorRules() {
  const rules = Object.entries(COLORS).map(([type, color]) => `--color-datatype-${type}: ${color};`)
  return `:where(:root) { ${rules.join(" ")} }`
}
