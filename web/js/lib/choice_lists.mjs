/** What a Choice Parameter may be: its own choices, or what the inputs take that it feeds. Pure functions: no page. */

/**
 * The choices that are written one a line; blanks around them, empty lines and repetitions are dropped.
 * @param {unknown} text
 * @returns {string[]}
 */
export function readChoices(text) {
  const lines = String(text ?? "").split(/\r\n|\r|\n/)
  return unique(lines.map((line) => line.trim()).filter((line) => line !== ""))
}

/**
 * The values that all of several lists have, in the order of the first.
 * @param {unknown[][]} lists
 * @returns {string[]}
 */
export function commonValues(lists) {
  const [first = [], ...others] = lists.map((list) => list.map(String))
  return unique(first.filter((value) => others.every((list) => list.includes(value))))
}

/**
 * What a chooser offers: the written choices if there are any, else what all inputs have in common.
 * @param {unknown} choices the text with one choice a line
 * @param {unknown[][]} lists what each input takes that has a list
 * @returns {string[]}
 */
export function offeredValues(choices, lists) {
  const written = readChoices(choices)
  return written.length ? written : commonValues(lists)
}

/** @param {string[]} values */
function unique(values) {
  return [...new Set(values)]
}
