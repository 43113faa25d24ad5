/** What a run decided, skipped and took, in an order to be read. Pure functions: no page. */
import { TEXTS, duration, shownScore } from "./run_report_texts.mjs"

const NOT_RUN = ["unused", "blocked", "waiting"]
const SHOWN_ELSEWHERE = ["attempts", "pictures", "candidates", "needs"] // by the grid of candidates
const LONGEST = 300 // characters of a value

/**
 * @typedef {{label: string, value: string}} Fact
 * @typedef {object} Candidate
 * @property {number} attempt from 0
 * @property {number | null} item
 * @property {number | string | null} score
 * @property {(number | string | null)[]} parts
 * @property {string} seed those of all nodes that vary, as text
 * @property {boolean} passed
 * @property {boolean} kept
 * @property {object[]} previews files
 * @property {object | null} literals
 * @property {string} replay
 *
 * @typedef {object} Row a decision
 * @property {string} key
 * @property {string} id as the canvas knows the node
 * @property {string} title
 * @property {string} kind
 * @property {string} summary
 * @property {boolean} isCached
 * @property {Fact[]} facts
 * @property {string} needs of a Quality Gate
 * @property {Candidate[]} candidates of a Quality Gate
 * @property {object} data what the node sent
 *
 * @typedef {object} Report
 * @property {string} promptId
 * @property {string} status
 * @property {number | null} startedAt
 * @property {number | null} totalMs
 * @property {{id: string, title: string, message: string} | null} error
 * @property {Row[]} decisions
 * @property {{id: string, title: string, state: string}[]} skipped
 * @property {{id: string, title: string, ms: number, runs: number, state: string}[]} times the longest first
 */

/**
 * @param {import("./run_record.mjs").Run} run
 * @param {number} now ms, for a run that goes on
 * @param {Map<string, string>} spoken what nodes say while they work, by id: a Quality Gate decides at the end
 * @returns {Report}
 */
export function reportOf(run, now, spoken = new Map()) {
  const title = (id) => titleOf(run, id)
  const isGoingOn = (one) => run.status === "running" && one.kind === "quality_gate" && spoken.has(String(one.displayId))
  const end = run.endedAt ?? (run.status === "running" ? now : null)
  return {
    promptId: run.promptId,
    status: run.status,
    startedAt: run.startedAt,
    totalMs: run.startedAt === null || end === null ? null : Math.max(0, end - run.startedAt),
    error: run.error && { id: String(run.error.nodeId), title: title(run.error.nodeId), message: run.error.message },
    decisions: run.decisions.map((one) => ({
      ...rowOf(one, title),
      ...(isGoingOn(one) ? { summary: spoken.get(String(one.displayId)) } : {}),
    })),
    skipped: skippedIn(run, title),
    times: run.isWatched === false ? [] : timesOf(run, title),
  }
}

function titleOf(run, id) {
  const node = run.prompt?.[id]
  return String(node?._meta?.title || node?.class_type || `#${id}`)
}

function rowOf(decision, title) {
  const { displayId, kind, summary, data, isCached, part = 0, parts = 1 } = decision
  return {
    key: `${decision.id}/${part}`,
    id: String(displayId),
    title: parts > 1 ? `${title(displayId)} (${part + 1}/${parts})` : title(displayId),
    kind,
    summary,
    isCached: Boolean(isCached),
    facts: factsOf(data ?? {}),
    needs: typeof data?.needs === "string" ? data.needs : "",
    candidates: kind === "quality_gate" ? candidatesOf(data ?? {}) : [],
    data: data ?? {},
  }
}

/** The plain values of a payload, for a table; tables of values are left to whoever knows them. */
export function factsOf(data) {
  return Object.entries(data)
    .filter(([name, value]) => !SHOWN_ELSEWHERE.includes(name) && isShown(value))
    .map(([name, value]) => ({ label: name.replaceAll("_", " "), value: shown(value) }))
    .filter(({ value }) => value !== "")
}

function isShown(value) {
  if (Array.isArray(value)) return value.length > 0 && value.every((one) => typeof one !== "object" || one === null)
  return typeof value !== "object" && value !== undefined
}

function shown(value) {
  const text = Array.isArray(value) ? value.map(shown).join(", ") : typeof value === "number" ? shownScore(value) : String(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text
}

/**
 * The candidates of a Quality Gate. Servers that don't tell them have told their attempts at least.
 * @returns {Candidate[]}
 */
export function candidatesOf({ candidates, attempts }) {
  if (Array.isArray(candidates)) return candidates.map(candidateOf)
  return (Array.isArray(attempts) ? attempts : []).map((one) => candidateOf({ ...one, parts: one.parts?.[0] }))
}

function candidateOf({ attempt = 0, item = null, score = null, parts = [], seeds = {}, ...others }) {
  const all = Object.values(seeds).flatMap((named) => Object.values(named))
  const { passed = false, kept = false, previews = [], literals = null, replay = "" } = others
  const seed = [...new Set(all.map(String))].join(", ")
  return { attempt, item, score, parts, seed, passed, kept, previews, literals, replay }
}

function skippedIn(run, title) {
  if (run.status === "running") return []
  const isKnown = (state) => NOT_RUN.includes(state) && !(run.status === "done" && state === "waiting") // the history is still to come
  return [...run.nodes.values()]
    .filter(({ id, state }) => isKnown(state) && (!run.prompt || run.prompt[id]))
    .map(({ id, state }) => ({ id: String(id), title: title(id), state }))
}

function timesOf(run, title) {
  const byNode = new Map()
  for (const node of run.nodes.values()) {
    if (node.startedAt === null) continue
    const id = String(node.displayId)
    const known = byNode.get(id) ?? { id, title: title(id), ms: 0, runs: 0, state: node.state }
    known.ms += node.ownMs ?? (node.endedAt === null ? 0 : node.endedAt - node.startedAt)
    if (isItself(node)) known.runs += 1
    byNode.set(id, known)
  }
  return [...byNode.values()].sort((one, other) => other.ms - one.ms)
}

/** Not something that a node has made in order to do its work, but the node, or a copy of it with another seed. */
function isItself({ id, displayId }) {
  return id === displayId || String(id).endsWith(`.${displayId}`)
}

/** The line above everything: "Done in 3.42 s". */
export function headline({ status, totalMs }) {
  return totalMs === null ? TEXTS.status[status] : `${TEXTS.status[status]} ${TEXTS.total(duration(totalMs))}`
}

/** @returns {string} one candidate in a line */
export function candidateLine(one) {
  const parts = [TEXTS.attempt(one.attempt, one.item), TEXTS.score(shownScore(one.score))]
  if (one.parts.length > 1) parts.push(TEXTS.parts(one.parts.map(shownScore)))
  if (one.seed) parts.push(TEXTS.seed(one.seed))
  if (one.kept) parts.push(TEXTS.kept)
  return parts.join(", ")
}

/**
 * @param {Report} report
 * @returns {string} the report to be pasted into a message
 */
export function asText(report) {
  const when = report.startedAt === null ? "" : `, ${new Date(report.startedAt).toISOString()}`
  const lines = [`${TEXTS.title}: ${headline(report)}${when}`]
  if (report.error) lines.push(`${report.error.title} (#${report.error.id}): ${report.error.message}`)
  lines.push("", TEXTS.decisions)
  if (!report.decisions.length) lines.push(`  ${TEXTS.noDecisions}`)
  for (const [index, row] of report.decisions.entries()) {
    const cached = row.isCached ? ` [${TEXTS.cached}]` : ""
    lines.push(`  ${index + 1}. ${row.title} (#${row.id}): ${row.summary}${cached}`)
    for (const one of row.candidates) lines.push(`     - ${candidateLine(one)}`)
  }
  if (report.skipped.length) lines.push("", TEXTS.skipped)
  for (const { id, title, state } of report.skipped) lines.push(`  ${title} (#${id}): ${TEXTS.states[state] ?? state}`)
  if (report.times.length) lines.push("", `${TEXTS.times}. ${TEXTS.timesAbout}`)
  for (const { id, title, ms, runs } of report.times) lines.push(`  ${duration(ms)}  ${title} (#${id})${runs > 1 ? ` ×${runs}` : ""}`)
  return `${lines.join("\n")}\n`
}

/**
 * @param {Report} report
 * @returns {string} everything that is known, as JSON
 */
export function asJson(report) {
  const decisions = report.decisions.map(({ id, title, kind, summary, isCached, data }) => ({ id, title, kind, summary, isCached, data }))
  return `${JSON.stringify({ kind: "switchyard_run", version: 1, ...report, decisions }, null, 2)}\n`
}
