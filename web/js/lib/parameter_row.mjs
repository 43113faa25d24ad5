/** One parameter in the list: what it is called, its control, what is wrong with it, and the way to its node. */
import { element } from "./elements.mjs"
import { createControl, isSameKind } from "./parameter_controls.mjs"
import { labelOf, textOf } from "./parameter_rows.mjs"
import { TEXTS } from "./parameters_texts.mjs"

/**
 * What is typed stays in its control until the server has called it right and it is written, or until the canvas has
 * another value.
 *
 * @param {string} id of the node, as the server knows it
 * @param {object} actions see createParameters; and `typed` and `done`, told of changes
 */
export function createRow(id, actions) {
  const key = `switchyard-parameter-${id.replaceAll(":", "-")}`
  const label = element("label", { for: key })
  const name = element("code", {})
  const select = element("button", {
    type: "button",
    class: "switchyard-button",
    text: TEXTS.select,
    click: () => actions.select(id),
  })
  const hint = element("p", { id: `${key}-hint`, class: "switchyard-hint" })
  const held = element("p", { class: "switchyard-description" })
  const place = element("div", {})
  const note = element("p", { class: "switchyard-hint" })
  const wrong = element("p", { id: `${key}-problem`, class: "switchyard-problem", "aria-live": "polite" })
  const root = element(
    "div",
    { class: "switchyard-parameter", "data-parameter": id },
    element("div", { class: "switchyard-heading" }, element("div", {}, label, name), select),
    hint,
    place,
    held,
    note,
    wrong,
  )
  const afterRun = createAfterRun(key, (value) => actions.setAfterRun(id, value))
  let row = null
  let judged = null
  let control = null
  let typed // undefined: nothing is typed that the node does not hold
  let typedOver = null // what the node held when that was typed
  let written = null // what the node held after that was written
  let isWanted = false

  function onTyped(value) {
    typed = value
    typedOver = row.fields.value
    actions.typed()
  }

  function makeControl() {
    control?.root.remove()
    control = createControl({
      id: key,
      label: labelOf(row),
      judged,
      typed: onTyped,
      done: actions.done,
      upload: actions.upload,
      pictureUrl: actions.pictureUrl,
    })
    control.input.setAttribute("aria-describedby", `${hint.id} ${wrong.id}`)
    control.input.addEventListener("focusout", () => (written = null))
    control.input.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || typed === undefined) return
      event.stopPropagation()
      typed = undefined
      showValue(true)
      actions.done()
    })
    place.replaceChildren(control.root)
  }

  function show(current) {
    row = current
    if (typed !== undefined && row.fields.value !== typedOver) typed = undefined // the canvas has the last word
    const called = labelOf(row)
    set(label, called)
    set(name, called === row.fields.name ? "" : textOf(row.fields.name))
    select.setAttribute("aria-label", TEXTS.selectOf(called))
    set(hint, textOf(row.fields.description))
    const isLinked = row.linkedTo !== undefined
    const canEdit = !isLinked && !row.isSilent && Boolean(judged?.type)
    place.hidden = !canEdit
    set(held, canEdit || isLinked ? "" : String(row.fields.value ?? ""))
    set(note, noteOf(isLinked))
    set(wrong, wrongWords())
    if (!canEdit) return
    showValue(false)
    const isInvalid = Boolean(judged.value_problem)
    if (isInvalid) control.input.setAttribute("aria-invalid", "true")
    else control.input.removeAttribute("aria-invalid")
    afterRun.show(row.afterRun, place)
    if (isWanted && root.isConnected) {
      isWanted = false
      control.input.focus()
    }
  }

  function showValue(always) {
    if (!control) return
    if (typed === undefined && (always || row.fields.value !== written)) control.show(row.fields.value, judged)
  }

  function noteOf(isLinked) {
    if (row.isSilent) return TEXTS.silent
    if (isLinked) return TEXTS.linked(row.linkedTo)
    const value = textOf(row.fields.value)
    const isUnchosen = ["choice", "image"].includes(judged?.type) && value.trim() === ""
    const parts = [
      row.fields.name === "" ? TEXTS.unnamed : "",
      isUnchosen ? TEXTS.noDefault : "",
      textOf(row.fields.default).trim() ? TEXTS.defaultIs(row.fields.default.trim()) : "",
    ]
    return parts.filter(Boolean).join(" ")
  }

  function wrongWords() {
    if (row.isSilent || judged === null) return ""
    if (!judged.type) return TEXTS.unknownType
    return [judged.problem, judged.value_problem].filter(Boolean).join(" ")
  }

  return {
    root,
    show,
    typed: () => typed,
    isJudged: () => judged !== null,
    lacksChoices: () => judged?.type === "image" && !judged.choices,
    focusWhenShown: () => (isWanted = true),

    /** Takes what the server says, of the value `about` if that was typed, and has it written if it is right. */
    judged(answer, about, write) {
      const before = judged
      judged = answer ?? {} // it is none for the server, whose word counts
      if (answer && !("choices" in answer)) judged = { ...answer, choices: before?.choices ?? null }
      if (answer && !isSameKind(before, judged)) makeControl()
      if (!answer || about === undefined || about !== typed || answer.value_problem || answer.value === null) return
      typed = undefined
      written = write(id, answer.value)
      row = { ...row, fields: { ...row.fields, value: written } } // so that what is typed next is known to be newer
    },
  }
}

function set(target, text) {
  if (target.textContent !== text) target.textContent = text
  target.hidden = text === ""
}

/** What becomes of a seed after a run, as the page's own widget below it says. */
function createAfterRun(key, change) {
  const list = element("select", { id: `${key}-after`, change: () => change(list.value) })
  const root = element("label", { class: "switchyard-after", for: list.id }, element("span", { text: TEXTS.afterRun }), list)
  return {
    show(afterRun, place) {
      if (!afterRun) return root.remove()
      if (root.parentNode !== place) place.append(root)
      if (list.options.length !== afterRun.values.length)
        list.replaceChildren(...afterRun.values.map((value) => element("option", { value, text: value })))
      if (list.value !== afterRun.value) list.value = afterRun.value
    },
  }
}
