/** The panel of templates: saves what is on the canvas, and lists what was saved. Knows no page; see `createPanel`. */
import { element } from "./elements.mjs"
import { counted, describeParameter } from "./template_documents.mjs"
import { LONGEST, nameProblem } from "./template_names.mjs"

const ID = "switchyard-template"

/**
 * @typedef {{name: string, title: string, description: string}} Draft what the form holds
 * @typedef {{name: string, title: string, description: string, parameters: number, error: string | null}} Listed
 * @typedef {{name: string, parameters: object[], remarks: string[]}} Saved
 *
 * @param {object} actions what the panel asks of its page; each may throw an Error whose message is for a person
 * @param {() => Draft} actions.draft the draft of the workflow that is open; the form writes into it
 * @param {() => Promise<Listed[]>} actions.list
 * @param {(draft: Draft) => Promise<Saved | null>} actions.save null if the user gave it up
 * @param {(name: string) => Promise<string>} actions.load gives the name of the tab
 * @returns {{root: HTMLElement, showDraft: () => void, refresh: () => Promise<void>, focusForm: () => void,
 *   focusList: () => Promise<void>}}
 */
export function createPanel(actions) {
  const form = createForm(actions, () => list.refresh())
  const list = createList(actions)
  const root = element(
    "section",
    { class: "switchyard-panel", "aria-label": "Switchyard templates" },
    element("h2", { text: "Switchyard templates" }),
    form.root,
    list.root,
  )
  root.addEventListener("focusin", form.show) // what is typed belongs to the workflow that is open now
  form.show()
  return { root, showDraft: form.show, refresh: list.refresh, focusForm: form.focus, focusList: list.focus }
}

function createForm(actions, onSaved) {
  let draft = null
  const problem = element("p", { id: `${ID}-problem`, class: "switchyard-problem", "aria-live": "polite" })
  const fields = {
    name: field("Name", "input", {
      "aria-describedby": `${ID}-problem ${ID}-hint`,
      autocomplete: "off",
      autocapitalize: "off",
      required: true,
      spellcheck: "false",
    }),
    title: field("Title", "input", { autocomplete: "off" }),
    description: field("Description", "textarea", { rows: 3 }),
  }
  const hint = element("p", {
    id: `${ID}-hint`,
    class: "switchyard-hint",
    text: `The file's name, and what callers use: a to z, digits, - and _, at most ${LONGEST}.`,
  })
  const submit = button("Save as template", { type: "submit", class: "switchyard-button switchyard-main" })
  const answer = element("div", { class: "switchyard-answer", role: "status" })
  const root = element(
    "form",
    { "aria-labelledby": `${ID}-save`, novalidate: true, submit: onSubmit },
    element("h3", { id: `${ID}-save`, text: "Save the open workflow" }),
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
    problem.textContent = text ?? ""
    problem.hidden = text === null
    if (text === null) fields.name.control.removeAttribute("aria-invalid")
    else fields.name.control.setAttribute("aria-invalid", "true")
    return text === null
  }

  async function onSubmit(event) {
    event.preventDefault()
    if (!checkName()) return fields.name.control.focus()
    if (submit.disabled) return
    submit.disabled = true
    answer.replaceChildren(element("p", { text: "Saving…" }))
    try {
      const saved = await actions.save({ ...draft })
      answer.replaceChildren(...(saved ? describeSaved(saved) : []))
      if (saved) await onSaved()
    } catch (error) {
      answer.replaceChildren(errorText(error))
    } finally {
      submit.disabled = false
    }
  }

  return { root, show, focus: () => fields.name.control.focus() }
}

function button(text, properties) {
  return element("button", { type: "button", class: "switchyard-button", text, ...properties })
}

function field(label, tag, attributes) {
  const control = element(tag, attributes)
  return { root: element("label", {}, element("span", { text: label }), control), control }
}

function describeSaved({ name, parameters, remarks }) {
  const lines = parameters.map(describeParameter)
  const parts = [element("p", { text: `Saved as ${name}, with ${counted(lines.length, "parameter")}.` })]
  if (lines.length) {
    const rows = lines.map(({ name: key, about }) =>
      element("li", {}, element("strong", { text: key }), element("span", { text: ` ${about}` })),
    )
    parts.push(element("ul", { class: "switchyard-found", "aria-label": "Parameters" }, ...rows))
  }
  if (remarks.length) {
    const rows = remarks.map((remark) => element("li", { text: remark }))
    parts.push(element("h4", { text: "What to know" }), element("ul", { "aria-label": "What to know" }, ...rows))
  }
  return parts
}

function createList(actions) {
  let asked = 0
  const answer = element("div", { class: "switchyard-answer", role: "status" })
  const heading = element("h3", { id: `${ID}-load`, text: "Load a template" })
  const items = element("ul", { class: "switchyard-templates", "aria-labelledby": `${ID}-load` })
  const again = button("Refresh", { click: refresh })
  const root = element(
    "section",
    { "aria-labelledby": `${ID}-load` },
    element("div", { class: "switchyard-heading" }, heading, again),
    answer,
    items,
  )

  async function refresh() {
    const mine = ++asked // an answer that comes after a later one is old
    try {
      const listed = await actions.list()
      if (mine !== asked) return
      answer.replaceChildren()
      items.replaceChildren(...listed.map(describeListed))
      if (!listed.length) items.append(element("li", { class: "switchyard-hint", text: "There are no templates yet." }))
    } catch (error) {
      if (mine === asked) answer.replaceChildren(errorText(error))
    }
  }

  function describeListed(template) {
    const title = template.title || template.name
    const parts = [element("strong", { text: title })]
    if (template.error) {
      parts.push(element("p", { class: "switchyard-problem", text: `Can't be used: ${template.error}` }))
      return element("li", {}, element("div", {}, ...parts))
    }
    const count = counted(template.parameters, "parameter")
    const about = title === template.name ? count : `${template.name}, ${count}`
    parts.push(element("p", { class: "switchyard-hint", text: about }))
    if (template.description) parts.push(element("p", { class: "switchyard-description", text: template.description }))
    const load = button("Load", { "aria-label": `Load ${title}`, click: () => onLoad(template.name, load) })
    return element("li", {}, element("div", {}, ...parts), load)
  }

  async function onLoad(name, pressed) {
    pressed.disabled = true
    answer.replaceChildren(element("p", { text: `Loading ${name}…` }))
    try {
      const tab = await actions.load(name)
      answer.replaceChildren(element("p", { text: `Loaded ${name}, as the new workflow "${tab}".` }))
    } catch (error) {
      answer.replaceChildren(errorText(error))
    } finally {
      pressed.disabled = false
    }
  }

  async function focus() {
    await refresh()
    ;(items.querySelector("button") ?? again).focus()
  }

  return { root, refresh, focus }
}

function errorText(error) {
  return element("p", { class: "switchyard-problem", role: "alert", text: error.message })
}
