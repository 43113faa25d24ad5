/**
 * @param {number} count
 * @param {string} noun in the singular, in English
 * @returns {string} such as "1 parameter"
 */
export function counted(count, noun) {
  return `${count || "no"} ${noun}${count === 1 ? "" : "s"}`
}
