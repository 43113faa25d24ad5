/** The list of a workflow's parameters, edited in place. Knows no page: what it shows and does it asks `actions` for. */
import { element } from "./elements.mjs"
import { createRow } from "./parameter_row.mjs"
import { grouped, judgedGraph, shownValue } from "./parameter_rows.mjs"
import { TEXTS } from "./parameters_texts.mjs"

const PAUSE = 200 // ms without typing, after which the server is asked
const LISTED = 5000 // ms for which the lists of pictures are taken to be as they were
const RETRY = 3000 // ms after which a server that did not answer is asked again

/**
 * @typedef {import("./parameter_rows.mjs").Row} Row
 *
 * @param {object} actions
 * @param {() => {workflow: object, rows: Row[], shown: object[]}} actions.read the open workflow, its parameters, and
 *   the inputs that it shows in App mode
 * @param {(graph: object, files: boolean) => Promise<Record<string, object>>} actions.judge what the server says of each,
 *   by id; without `files` it leaves out the pictures that there are
 * @param {(id: string, value: unknown) => void} actions.write
 * @param {() => void} actions.commit makes what was written one step that can be undone
 * @param {(id: string) => void} actions.select
 * @param {(id: string, value: string) => void} actions.setAfterRun
 * @param {(kind: string) => string} actions.add gives the id of the new parameter
 * @param {(file: File) => Promise<string>} actions.upload
 * @param {(name: string) => string} actions.pictureUrl
 * @returns {{root: HTMLElement, follow: () => void, focus: () => void}} follow: looks what has changed on the canvas
 */
export function createParameters(actions) {
  const rows = new Map()
  let workflow = null
  let judgedAs = null // what the server was last asked about
  let timer = null
  let listedAt = 0
  let quietUntil = 0 // while a server that did not answer is left alone
  let placed = null // how the rows are laid out
  let appsShown = null
  let isAsking = false
  let isDue = false
  let uncommitted = false
  let isWanted = false // the focus is, as soon as there is something that takes it

  const problem = element("p", { class: "switchyard-problem", role: "alert", hidden: true })
  const empty = element("p", { class: "switchyard-hint", text: TEXTS.empty })
  const list = element("div", { class: "switchyard-parameters" })
  const apps = element("div", { class: "switchyard-app-inputs" })
  const kind = element(
    "select",
    { "aria-label": TEXTS.kind },
    ...Object.entries(TEXTS.kinds).map(([value, text]) => element("option", { value, text })),
  )
  const add = element("button", { type: "button", class: "switchyard-button", text: TEXTS.add, click: addOne })
  const root = element(
    "section",
    { "aria-labelledby": "switchyard-parameters-heading" },
    element("h3", { id: "switchyard-parameters-heading", text: TEXTS.heading }),
    problem,
    empty,
    list,
    element("div", { class: "switchyard-control" }, kind, add),
    apps,
  )
  root.addEventListener("focusout", () => ask(0)) // what is typed when the field is left isn't kept waiting

  function follow() {
    const now = actions.read()
    if (now.workflow !== workflow) {
      workflow = now.workflow
      judgedAs = null
      rows.clear()
    }
    show(now)
    if (timer === null && Date.now() > quietUntil && isNews(now.rows, textOf(now.rows))) ask(0)
  }

  function textOf(current) {
    return JSON.stringify(judgedGraph(current, typedIn(current)))
  }

  /** Whether there is something that the server has not been asked about: also rows that went and came back. */
  function isNews(current, text) {
    return text !== judgedAs || current.some(({ id }) => !rows.get(id)?.isJudged())
  }

  function typedIn(current) {
    const typed = new Map()
    for (const { id } of current) {
      const value = rows.get(id)?.typed()
      if (value !== undefined) typed.set(id, value)
    }
    return typed
  }

  function show({ rows: current, shown }) {
    const ids = new Set(current.map((row) => row.id))
    for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id)
    for (const row of current) {
      if (!rows.has(row.id)) rows.set(row.id, createRow(row.id, { ...actions, upload, typed: onTyped, done: onDone }))
      rows.get(row.id).show(row)
    }
    empty.hidden = current.length > 0
    place(grouped(current))
    showApps(shown, current.length > 0)
    if (isWanted && root.isConnected) takeFocus(current)
  }

  /** Puts the rows into their groups, and touches the document only if that has changed: the focus is kept. */
  function place(groups) {
    const plan = JSON.stringify(groups.map(({ heading, rows: members }) => [heading, members.map(({ id }) => id)]))
    const elements = groups.flatMap((group) => group.rows.map(({ id }) => rows.get(id).root))
    if (placed === plan && elements.every((one) => list.contains(one))) return
    placed = plan
    list.replaceChildren(
      ...groups.map(({ heading, rows: members }) =>
        element(
          "div",
          { class: "switchyard-group", role: "group", "aria-label": heading || null },
          heading ? element("h4", { text: heading }) : null,
          ...members.map(({ id }) => rows.get(id).root),
        ),
      ),
    )
  }

  function showApps(shown, hasParameters) {
    const plan = JSON.stringify([shown, hasParameters])
    if (appsShown === plan) return
    appsShown = plan
    apps.hidden = shown.length === 0
    if (!shown.length) return apps.replaceChildren()
    const items = shown.map(({ id, name, label, value, isThere }) =>
      element(
        "li",
        {},
        element(
          "div",
          {},
          element("strong", { text: label }),
          element("span", { class: "switchyard-hint", text: label === name ? "" : ` ${name}` }),
          element("p", { class: "switchyard-description", text: isThere ? shownValue(value) : TEXTS.gone }),
        ),
        isThere
          ? element("button", {
              type: "button",
              class: "switchyard-button",
              "aria-label": TEXTS.selectOf(label),
              text: TEXTS.select,
              click: () => actions.select(id),
            })
          : null,
      ),
    )
    apps.replaceChildren(
      element("h4", { id: "switchyard-app-heading", text: TEXTS.app }),
      element("p", { class: "switchyard-hint", text: hasParameters ? TEXTS.appAlso : TEXTS.appOnly }),
      element("ul", { class: "switchyard-templates", "aria-labelledby": "switchyard-app-heading" }, ...items),
    )
  }

  async function upload(file) {
    const name = await actions.upload(file)
    listedAt = 0
    return name
  }

  function onTyped() {
    ask(PAUSE)
  }

  /** A change is complete: it becomes one step that can be undone, once it is written. */
  function onDone() {
    uncommitted = true
    ask(0)
  }

  function ask(pause) {
    clearTimeout(timer)
    timer = setTimeout(judge, pause)
  }

  async function judge() {
    timer = null
    if (isAsking) {
      isDue = true
      return
    }
    const asked = actions.read()
    if (asked.workflow !== workflow) return follow() // what was typed was for the workflow that was open before
    const typed = typedIn(asked.rows)
    const graph = judgedGraph(asked.rows, typed)
    const text = JSON.stringify(graph)
    if (isNews(asked.rows, text) || typed.size) await askServer(asked, typed, graph, text)
    if (isDue) {
      isDue = false
      ask(0)
    } else if (uncommitted && timer === null) {
      uncommitted = false
      actions.commit()
    }
  }

  async function askServer(asked, typed, graph, text) {
    isAsking = true
    judgedAs = text
    try {
      const files = Date.now() - listedAt > LISTED || asked.rows.some(({ id }) => !rows.get(id)?.isJudged())
      const answers = Object.keys(graph).length ? await actions.judge(graph, files) : {}
      if (files) listedAt = Date.now()
      problem.hidden = true
      if (actions.read().workflow !== asked.workflow) return void (judgedAs = null)
      for (const { id } of asked.rows) rows.get(id)?.judged(answers[id] ?? null, typed.get(id), actions.write)
      if (asked.rows.some(({ id }) => rows.get(id)?.lacksChoices())) listedAt = 0 // its type is another now
      if (listedAt === 0) judgedAs = null
      show(actions.read())
    } catch (error) {
      problem.textContent = TEXTS.notJudged(error.message)
      problem.hidden = false
      judgedAs = null
      quietUntil = Date.now() + RETRY
    } finally {
      isAsking = false
    }
  }

  function addOne() {
    const id = actions.add(kind.value)
    follow()
    rows.get(id)?.focusWhenShown()
  }

  function focus() {
    isWanted = true
    follow()
  }

  /** Goes to the first control, or to the button if there is none: once the server has said what there is. */
  function takeFocus(current) {
    const first = [...list.querySelectorAll("textarea, input, select")].find((one) => one.checkVisibility())
    if (!first && current.length && problem.hidden && !current.every(({ id }) => rows.get(id).isJudged())) return
    isWanted = false
    ;(first ?? add).focus()
  }

  return { root, follow, focus }
}
