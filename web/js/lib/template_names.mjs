/** Names of templates and of the tabs that they open in. Pure functions: no page, no graph. */
import { TEXTS } from "./templates_texts.mjs"

export const LONGEST = 64
const NAME = /^[a-z0-9][a-z0-9_-]*$/
const DEVICE = /^(con|prn|aux|nul|(com|lpt)[0-9])$/ // Windows keeps these names for itself
const UNNAMED = /^Unsaved Workflow$/
const COPY = /\s*\(\d+\)$/ // what the page adds to a second tab of the same name

/**
 * A valid name of a template that is near to a text, or "" if nothing of it can be kept.
 * @param {string} text
 * @returns {string}
 */
export function slug(text) {
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
  const name = plain.replace(/[^a-z0-9_-]+/g, "-").replace(/-{2,}/g, "-").replace(/^[-_]+/, "")
  const short = name.slice(0, LONGEST).replace(/[-_]+$/, "")
  return DEVICE.test(short) ? `${short}-1` : short
}

/**
 * Why a text can't be a template's name, as a sentence; null if it can. The server has the last word.
 * @param {string} name
 * @returns {string | null}
 */
export function nameProblem(name) {
  if (name === "") return TEXTS.nameProblems.none
  if (name.length > LONGEST) return TEXTS.nameProblems.long(LONGEST, name.length)
  if (!/^[a-z0-9]/.test(name)) return TEXTS.nameProblems.start
  if (!NAME.test(name)) return TEXTS.nameProblems.signs
  if (DEVICE.test(name)) return TEXTS.nameProblems.device(name)
  return null
}

/**
 * What the page calls a workflow: its file's name without folder, ending and number of copy; "" for one without a name.
 * @param {string | null | undefined} path such as "workflows/portraits/Hi-res fix (2).json"
 * @returns {string}
 */
export function workflowName(path) {
  const file = (path ?? "").split("/").at(-1) ?? ""
  const name = file.replace(/(\.app)?\.json$/, "").replace(COPY, "")
  return UNNAMED.test(name) ? "" : name
}

/**
 * A name for a new tab: the wanted one, with a number if it is taken.
 * @param {string} wanted
 * @param {(name: string) => boolean} isTaken
 * @returns {string}
 */
export function freeName(wanted, isTaken) {
  let name = wanted
  for (let number = 2; isTaken(name); number++) name = `${wanted} (${number})`
  return name
}
