/** The panel of templates: saves what is on the canvas, and lists what was saved. Knows no page; see `createPanel`. */
import { button, element, errorText, field, setProblem, whileDisabled } from "./elements.mjs"
import { describeParameter } from "./template_documents.mjs"
import { LONGEST, nameProblem } from "./template_names.mjs"
import { createList } from "./templates_list.mjs"
import { TEXTS } from "./templates_texts.mjs"

const ID = "switchyard-template"

/**
 * @typedef {{name: string, title: string, description: string}} Draft what the form holds
 * @typedef {{name: string, title: string, description: string, parameters: number, error: string | null}} Listed
 * @typedef {{name: string, parameters: object[], remarks: string[]}} Saved
 *
 * @param {object} actions what the panel asks of its page; each may throw an Error whose message is for a person
 * @param {{root: HTMLElement, follow: () => void, focus: () => void}} actions.parameters the list of the open workflow's
 *   parameters
 * @param {() => Draft} actions.draft the draft of the workflow that is open; the form writes into it
 * @param {() => Promise<Listed[]>} actions.list
 * @param {(draft: Draft) => Promise<Saved | null>} actions.save null if the user gave it up
 * @param {(name: string) => Promise<string>} actions.load gives the name of the tab
 * @param {(name: string, wanted: string) => Promise<void>} actions.rename
 * @param {(name: string) => Promise<boolean>} actions.remove false if the user gave it up
 * @returns {{root: HTMLElement, follow: () => void, refresh: () => Promise<void>, focusForm: () => void,
 *   focusList: () => Promise<void>, focusParameters: () => void}} follow: looks whether another workflow is open, and
 *   what has changed in it
 */
export function createPanel(actions) {
  const form = createForm(actions, () => list.refresh())
  const list = createList(actions)
  const root = element(
    "section",
    { class: "switchyard-panel", "aria-label": TEXTS.title },
    element("h2", { text: TEXTS.title }),
    actions.parameters.root,
    form.root,
    list.root,
  )
  root.addEventListener("focusin", form.show) // what is typed belongs to the workflow that is open now
  const follow = () => {
    form.show()
    actions.parameters.follow()
  }
  follow()
  const focus = { focusForm: form.focus, focusList: list.focus, focusParameters: actions.parameters.focus }
  return { root, follow, refresh: list.refresh, ...focus }
}

function createForm(actions, onSaved) {
  let draft = null
  const problem = element("p", { id: `${ID}-problem`, class: "switchyard-problem", "aria-live": "polite" })
  const fields = {
    name: field(TEXTS.fields.name, "input", {
      "aria-describedby": `${ID}-problem ${ID}-hint`,
      autocomplete: "off",
      autocapitalize: "off",
      required: true,
      spellcheck: "false",
    }),
    title: field(TEXTS.fields.title, "input", { autocomplete: "off" }),
    description: field(TEXTS.fields.description, "textarea", { rows: 3 }),
  }
  const hint = element("p", {
    id: `${ID}-hint`,
    class: "switchyard-hint",
    text: TEXTS.nameHint(LONGEST),
  })
  const submit = button(TEXTS.submit, { type: "submit", class: "switchyard-button switchyard-main" })
  const answer = element("div", { class: "switchyard-answer", role: "status" })
  const root = element(
    "form",
    { "aria-labelledby": `${ID}-save`, novalidate: true, submit: onSubmit },
    element("h3", { id: `${ID}-save`, text: TEXTS.save }),
    fields.name.root,
    problem,
    hint,
    fields.title.root,
    fields.description.root,
    submit,
    answer,
  )
  for (const [key, { control }] of Object.entries(fields)) {
    control.addEventListener("input", () => {
      draft[key] = control.value
      checkName()
    })
  }

  function show() {
    const current = actions.draft()
    if (current === draft) return
    draft = current
    for (const [key, { control }] of Object.entries(fields)) control.value = draft[key]
    answer.replaceChildren()
    checkName(draft.name === "") // nothing is wrong yet with what nobody has typed
  }

  function checkName(isFresh = false) {
    const text = isFresh ? null : nameProblem(fields.name.control.value)
    return setProblem(problem, fields.name.control, text)
  }

  async function onSubmit(event) {
    event.preventDefault()
    if (!checkName()) return fields.name.control.focus()
    if (submit.disabled) return
    answer.replaceChildren(element("p", { text: TEXTS.saving }))
    try {
      await whileDisabled(submit, save)
    } catch (error) {
      answer.replaceChildren(errorText(error))
    }
  }

  async function save() {
    const saved = await actions.save({ ...draft })
    answer.replaceChildren(...(saved ? describeSaved(saved) : []))
    if (saved) await onSaved()
  }

  return { root, show, focus: () => fields.name.control.focus() }
}

function describeSaved({ name, parameters, remarks }) {
  const lines = parameters.map(describeParameter)
  const parts = [element("p", { text: TEXTS.saved(name, lines.length) })]
  if (lines.length) {
    const rows = lines.map(({ name: key, about }) =>
      element("li", {}, element("strong", { text: key }), element("span", { text: ` ${about}` })),
    )
    parts.push(element("ul", { class: "switchyard-found", "aria-label": TEXTS.found }, ...rows))
  }
  if (remarks.length) {
    const rows = remarks.map((remark) => element("li", { text: remark }))
    parts.push(element("h4", { text: TEXTS.remarks }), element("ul", { "aria-label": TEXTS.remarks }, ...rows))
  }
  return parts
}
