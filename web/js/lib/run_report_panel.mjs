/** The panel of the run report. Knows no page; see `createReportPanel`. */
import { element } from "./elements.mjs"
import { candidateGrid } from "./gate_grid.mjs"
import { updateList } from "./keyed_list.mjs"
import { asJson, asText, headline } from "./run_report.mjs"
import { TEXTS, duration } from "./run_report_texts.mjs"

const ID = "switchyard-run"

/**
 * @param {object} actions what the panel asks of its page
 * @param {(id: string) => boolean} actions.reveal shows a node on the canvas; false if it is not there
 * @param {(id: string) => boolean} actions.isThere
 * @param {(file: object) => string} actions.pictureUrl
 * @param {(gate: string, candidate: object) => string} actions.use writes a candidate's seeds; gives a sentence to show,
 *   or throws an Error with one
 * @param {(text: string) => Promise<void>} actions.copy
 * @param {(name: string, text: string) => void} actions.download
 * @param {(hint: object) => void} actions.fix
 * @returns {{root: HTMLElement, show: (report: object | null, isOther?: boolean) => void,
 *   showHints: (hints: object[] | null) => void, focusRow: (id: string | null) => void}}
 */
export function createReportPanel(actions) {
  let report = null
  let knownHints = null
  const status = element("p", { class: "switchyard-run-status", role: "status" })
  const answer = element("span", { class: "switchyard-hint", role: "status" })
  const told = async (action, text) => {
    try {
      await action()
      answer.textContent = text
    } catch {
      answer.textContent = TEXTS.notCopied
    }
  }
  const name = () => `switchyard-run-${report.promptId.slice(0, 8)}.json`
  const tools = [
    button(TEXTS.copy, () => told(() => actions.copy(asText(report)), TEXTS.copied)),
    button(TEXTS.export, () => actions.download(name(), asJson(report))),
  ]
  const error = element("p", { class: "switchyard-problem", hidden: true })
  const decisions = section("decisions", TEXTS.decisions, "ol")
  const hints = section("checks", TEXTS.checks, "ul")
  const skipped = section("skipped", TEXTS.skipped, "ul")
  const times = section("times", TEXTS.times, "ol", TEXTS.timesAbout)
  const empty = element("p", { class: "switchyard-hint", text: TEXTS.empty })
  const other = element("p", { class: "switchyard-hint", text: TEXTS.other, hidden: true })
  const none = element("p", { class: "switchyard-hint", text: TEXTS.noDecisions })
  decisions.root.append(none)
  const body = element(
    "div",
    { class: "switchyard-run-body" },
    element("div", { class: "switchyard-run-main" }, error, decisions.root),
    element("div", { class: "switchyard-run-aside" }, hints.root, skipped.root, times.root),
  )
  const root = element(
    "section",
    { class: "switchyard-panel switchyard-run", "aria-label": TEXTS.title },
    element("header", {}, status, ...tools, answer),
    other,
    empty,
    body,
  )

  function show(next, isOther = false) {
    report = next
    other.hidden = !report || !isOther
    empty.hidden = report !== null
    for (const tool of tools) tool.hidden = report === null
    for (const part of [decisions, skipped, times]) part.root.hidden = report === null
    setText(status, report ? headline(steady(report)) : "")
    status.dataset.status = report?.status ?? ""
    error.hidden = !report?.error
    if (report?.error) setText(error, `${report.error.title}: ${report.error.message}`)
    showHints(knownHints)
    if (!report) return
    none.hidden = report.decisions.length > 0 || report.status === "running"
    updateList(decisions.list, report.decisions, (row) => row.key, sign(actions), (row) => decisionRow(row, actions))
    skipped.root.hidden = !report.skipped.length
    updateList(skipped.list, report.skipped, (one) => one.id, sign(actions), (one) => skippedRow(one, actions))
    times.root.hidden = !report.times.length
    const longest = report.times[0]?.ms || 1
    const signTime = (one) => JSON.stringify([one, longest, actions.isThere(one.id)])
    updateList(times.list, report.times, (one) => one.id, signTime, (one) => timeRow(one, longest, actions))
  }

  function showHints(found) {
    knownHints = found
    hints.root.hidden = !found || (!found.length && report === null)
    const rows = found?.length ? found : [{ key: "none", text: TEXTS.noChecks }]
    updateList(hints.list, rows, (hint) => hint.key, JSON.stringify, (hint) => hintRow(hint, actions))
  }

  function focusRow(id) {
    const rows = [...decisions.list.children]
    const row = rows.find((one) => one.dataset.node === id) ?? (id === null ? rows[0] : null)
    const target = row?.querySelector("button") ?? tools.find((tool) => !tool.hidden)
    row?.scrollIntoView({ block: "nearest" })
    target?.focus()
  }

  show(null)
  return { root, show, showHints, focusRow }
}

/** While a run goes on its time would be read aloud again and again. */
function steady(report) {
  return report.status === "running" ? { ...report, totalMs: null } : report
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text
}

function sign(actions) {
  return (row) => JSON.stringify([row, actions.isThere(row.id)])
}

function section(name, title, tag, about) {
  const heading = element("h3", { id: `${ID}-${name}`, text: title })
  const list = element(tag, { "aria-labelledby": `${ID}-${name}` })
  const said = about ? element("p", { class: "switchyard-hint", text: about }) : null
  return { root: element("section", { class: `switchyard-run-${name}`, "aria-labelledby": `${ID}-${name}` }, heading, said, list), list }
}

function button(text, click, properties = {}) {
  return element("button", { type: "button", class: "switchyard-button", text, click, ...properties })
}

/** A button that looks like a line of text and shows its node on the canvas. */
function line(row, actions, ...content) {
  const isThere = actions.isThere(row.id)
  const title = isThere ? TEXTS.show(row.title) : TEXTS.gone
  const click = () => actions.reveal(row.id)
  return element("button", { type: "button", class: "switchyard-run-line", title, disabled: !isThere, click }, ...content)
}

function decisionRow(row, actions) {
  const words = [element("strong", { text: row.title }), element("span", { text: row.summary })]
  if (row.isCached) words.push(element("em", { class: "switchyard-run-tag", text: TEXTS.cached }))
  const parts = [line(row, actions, ...words)]
  if (row.candidates.length) parts.push(candidateGrid(row, actions))
  if (row.facts.length) parts.push(facts(row))
  const made = element("li", {}, ...parts)
  made.dataset.node = row.id
  return made
}

function facts(row) {
  const rows = row.facts.map(({ label, value }) =>
    element("div", {}, element("dt", { text: label }), element("dd", { text: value })),
  )
  const summary = element("summary", { text: TEXTS.details, "aria-label": `${TEXTS.details}: ${row.title}` })
  return element("details", {}, summary, element("dl", {}, ...rows))
}

function skippedRow(one, actions) {
  const state = element("em", { class: "switchyard-run-tag", text: TEXTS.states[one.state] ?? one.state })
  return element("li", {}, line(one, actions, element("span", { text: one.title }), state))
}

function timeRow(one, longest, actions) {
  const bar = element("span", { class: "switchyard-run-bar", "aria-hidden": "true" })
  bar.style.setProperty("--switchyard-share", `${Math.round((100 * one.ms) / longest)}%`)
  const runs = one.runs > 1 ? ` ×${one.runs}` : ""
  const words = [element("span", { text: one.title + runs }), element("span", { class: "switchyard-run-ms", text: duration(one.ms) })]
  return element("li", {}, line(one, actions, ...words, bar))
}

function hintRow(hint, actions) {
  const fix = hint.fix ? button(hint.fix, () => actions.fix(hint)) : null
  return element("li", {}, element("p", { class: hint.fix ? "switchyard-problem" : "switchyard-hint", text: hint.text }), fix)
}
