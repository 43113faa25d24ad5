/** How the parameters of a graph are listed and changed in a form. Pure functions: no page, no graph. */

const HIGHEST = Number.MAX_SAFE_INTEGER
const WHOLE = ["integer", "seed"]

/**
 * @typedef {object} Row a parameter as the canvas has it
 * @property {string} id as the server knows its node
 * @property {string} classType
 * @property {Record<string, unknown>} fields what its node says, by input; links are arrays
 * @property {string} title of the node
 * @property {string} around the group on the canvas that it is in
 * @property {boolean} isSilent
 * @property {string | null | undefined} linkedTo the title of the node that brings its value; undefined: none does
 * @property {object} fed nodes in API format that it feeds
 */

/**
 * The rows by group: groups and rows in the order that the nodes say, equal ones as in the workflow.
 * @param {Row[]} rows
 * @returns {{heading: string, rows: Row[]}[]} those without a group have the heading ""
 */
export function grouped(rows) {
  const groups = new Map()
  for (const row of [...rows].sort((a, b) => orderOf(a) - orderOf(b))) {
    const heading = textOf(row.fields.group).trim() || row.around
    groups.set(heading, [...(groups.get(heading) ?? []), row])
  }
  return [...groups].map(([heading, members]) => ({ heading, rows: members }))
}

function orderOf(row) {
  const order = Number(row.fields.order)
  return Number.isFinite(order) ? order : 0
}

/**
 * What a row is called: its label, else its name, else the title of its node.
 * @param {Row} row
 */
export function labelOf(row) {
  return textOf(row.fields.label).trim() || textOf(row.fields.name) || row.title
}

/** A text as it is; "" for what is none. */
export function textOf(value) {
  return typeof value === "string" ? value : ""
}

/**
 * The graph that the server is asked about: what is typed stands for what the nodes hold.
 * @param {Row[]} rows
 * @param {Map<string, unknown>} typed values by id
 * @returns {Record<string, {class_type: string, inputs: Record<string, unknown>}>}
 */
export function judgedGraph(rows, typed) {
  const graph = {}
  const heard = rows.filter((row) => !row.isSilent)
  for (const row of heard) for (const [id, fed] of Object.entries(row.fed)) graph[id] = merged(graph[id], fed)
  for (const { id, classType, fields } of heard) {
    const value = typed.has(id) ? { value: asWritten(fields, typed.get(id)) } : {}
    graph[id] = { class_type: classType, inputs: { ...fields, ...value } }
  }
  return graph
}

/** A node of the general kind holds text, also for true and false. */
function asWritten(fields, value) {
  return "type" in fields ? String(value) : value
}

function merged(known, fed) {
  return known ? { ...fed, inputs: { ...known.inputs, ...fed.inputs } } : fed
}

/**
 * A number that is moved by a step, as text.
 * @param {string} text what is there; something that is no number counts as the lowest, or 0
 * @param {1 | -1} direction
 * @param {{type: string, min?: number | null, max?: number | null, step?: number | null}} limits
 */
export function stepped(text, direction, { type, min, max, step }) {
  const by = step ?? (WHOLE.includes(type) ? 1 : 0.1)
  const from = text.trim() === "" ? NaN : Number(text)
  const moved = Number.isFinite(from) ? from + direction * by : Math.max(min ?? 0, Math.min(max ?? 0, 0))
  const digits = Math.min(15, Math.max(decimals(by), Number.isFinite(from) ? decimals(from) : 0))
  const within = Math.min(max ?? Infinity, Math.max(min ?? -Infinity, Number(moved.toFixed(digits))))
  return String(WHOLE.includes(type) ? Math.min(HIGHEST, Math.max(-HIGHEST, Math.round(within))) : within)
}

function decimals(number) {
  const [digits, exponent = "0"] = String(number).split("e")
  return Math.max(0, (digits.split(".")[1] ?? "").length - Number(exponent))
}

/**
 * A whole number between two others, both included.
 * @param {number | null | undefined} min
 * @param {number | null | undefined} max those beyond what JavaScript holds exactly are never given
 * @param {() => number} random gives 0 to 1, 1 excluded
 */
export function randomWhole(min, max, random = Math.random) {
  const low = Math.max(min ?? 0, -HIGHEST)
  const high = Math.min(max ?? HIGHEST, HIGHEST)
  const span = high - low + 1
  return Math.min(high, low + Math.floor(random() * span))
}

/** A value in a few words, for those that are only shown. */
export function shownValue(value) {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "")
  const characters = [...text.replace(/\s+/g, " ").trim()]
  return characters.length > 80 ? `${characters.slice(0, 79).join("")}…` : characters.join("")
}

/**
 * A name for a new parameter that no other has.
 * @param {string} wanted
 * @param {Row[]} rows
 */
export function freeParameterName(wanted, rows) {
  const taken = new Set(rows.map((row) => row.fields.name))
  let name = wanted
  for (let number = 2; taken.has(name); number++) name = `${wanted}_${number}`
  return name
}
