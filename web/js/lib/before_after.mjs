/** The arithmetic of a slider between two pictures. Pure functions: no page, no elements. */

const STEPS = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10 }
const LARGE = 5 // with Shift, an arrow moves so many times as far

/**
 * The pairs of pictures in what a node told the page, once or for each item of a list; null if it told of none.
 * @param {{data?: {pairs?: object[], note?: string}}[]} said
 * @returns {{pairs: object[], note: string} | null}
 */
export function readPairs(said) {
  const told = said.map((one) => one.data).filter((data) => Array.isArray(data?.pairs))
  if (!told.length) return null
  const pairs = told.flatMap((data) => data.pairs).filter((pair) => pair?.before?.filename && pair.after?.filename)
  return { pairs, note: [...new Set(told.map((data) => data.note).filter(Boolean))].join(" ") }
}

/**
 * Where a file of ComfyUI's is served.
 * @param {{filename: string, subfolder?: string, type?: string}} file
 * @returns {string}
 */
export function viewPath({ filename, subfolder = "", type = "temp" }) {
  return `/view?${new URLSearchParams({ filename, subfolder, type })}`
}

/**
 * Where a key moves the line to; null for keys that don't.
 * @param {number} position 0..100
 * @param {string} key
 * @param {boolean} isLarge
 * @returns {number | null}
 */
export function moved(position, key, isLarge = false) {
  if (key === "Home") return 0
  if (key === "End") return 100
  const step = STEPS[key]
  return step ? clamp(position + step * (isLarge && key.startsWith("Arrow") ? LARGE : 1), 0, 100) : null
}

/**
 * Where the line is when the pointer is at x; 0..100.
 * @param {number} x
 * @param {{left: number, width: number}} box of the pictures
 * @returns {number}
 */
export function positionAt(x, { left, width }) {
  return width > 0 ? clamp((100 * (x - left)) / width, 0, 100) : 50
}

/**
 * Width by height of the frame of a pair: that of the picture after.
 * @param {{after: {width?: number, height?: number}}} pair
 * @returns {number}
 */
export function ratioOf({ after: { width, height } }) {
  return width > 0 && height > 0 ? width / height : 1
}

/**
 * How high a widget is that is so wide: the pictures, not beyond what a screen has room for, and what is below them.
 * @param {number} width
 * @param {number} ratio
 * @param {number} below
 * @returns {number}
 */
export function heightFor(width, ratio, below) {
  return Math.round(clamp(width / ratio, 80, 1.5 * width)) + below
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value))
}
