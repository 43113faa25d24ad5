/** The comparison that is true exactly where another one is false; only NaN is false for both. */
const PAIRS = [
  ["equal", "not_equal"],
  ["greater_than", "less_or_equal"],
  ["less_than", "greater_or_equal"],
  ["contains", "not_contains"],
]

/**
 * @param {unknown} comparison
 * @returns {string | null} null if there is none
 */
export function oppositeOf(comparison) {
  const pair = PAIRS.find((one) => one.includes(comparison))
  return pair ? pair.find((name) => name !== comparison) : null
}
