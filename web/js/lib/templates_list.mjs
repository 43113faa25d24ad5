/** The list of saved templates: each is loaded, renamed or deleted. Knows no page; see `createPanel`. */
import { button, element, errorText, field, setProblem, whileDisabled } from "./elements.mjs"
import { updateList } from "./keyed_list.mjs"
import { nameProblem } from "./template_names.mjs"
import { TEXTS } from "./templates_texts.mjs"

const ID = "switchyard-template"

/**
 * @param {object} actions see createPanel: list, load, rename, remove
 * @returns {{root: HTMLElement, refresh: () => Promise<void>, focus: () => Promise<void>}}
 */
export function createList(actions) {
  let asked = 0
  const answer = element("div", { class: "switchyard-answer", role: "status" })
  const heading = element("h3", { id: `${ID}-load`, text: TEXTS.list })
  const items = element("ul", { class: "switchyard-templates", "aria-labelledby": `${ID}-load` })
  const again = button(TEXTS.refresh, { click: refresh })
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
      updateList(items, listed, ({ name }) => name, JSON.stringify, describeListed) // leaves a name that is being typed
      if (!listed.length) items.append(element("li", { class: "switchyard-hint", text: TEXTS.none }))
    } catch (error) {
      if (mine === asked) answer.replaceChildren(errorText(error))
    }
  }

  function describeListed(template) {
    const title = template.title || template.name
    const parts = [element("strong", { text: title })]
    const remove = action(TEXTS.remove, TEXTS.removeOf(title), () => onRemove(template.name))
    if (template.error) {
      parts.push(element("p", { class: "switchyard-problem", text: TEXTS.unusable(template.error) }))
      return element("li", {}, element("div", {}, ...parts), element("div", { class: "switchyard-actions" }, remove))
    }
    const count = TEXTS.parameters(template.parameters)
    const about = title === template.name ? count : `${template.name}${TEXTS.comma}${count}`
    parts.push(element("p", { class: "switchyard-hint", text: about }))
    if (template.description) parts.push(element("p", { class: "switchyard-description", text: template.description }))
    const load = action(TEXTS.load, TEXTS.loadOf(title), () => onLoad(template.name))
    const rename = button(TEXTS.rename, { "aria-label": TEXTS.renameOf(title), click: () => askName() })
    const actionsOfIt = element("div", { class: "switchyard-actions" }, load, rename, remove)
    const texts = element("div", {}, ...parts)
    const item = element("li", {}, texts, actionsOfIt)

    function askName() {
      const form = createRenaming(template.name, {
        rename: (wanted) => onRename(template.name, wanted),
        stop() {
          item.replaceChildren(texts, actionsOfIt)
          rename.focus()
        },
      })
      item.replaceChildren(form.root)
      form.focus()
    }
    return item
  }

  /** A button that can't be pressed twice while it works; what goes wrong is said below the heading. */
  function action(text, label, work) {
    const made = button(text, {
      "aria-label": label,
      async click() {
        try {
          await whileDisabled(made, work)
        } catch (error) {
          answer.replaceChildren(errorText(error))
        }
      },
    })
    return made
  }

  async function onLoad(name) {
    answer.replaceChildren(element("p", { text: TEXTS.loading(name) }))
    const tab = await actions.load(name)
    answer.replaceChildren(element("p", { text: TEXTS.loaded(name, tab) }))
  }

  async function onRename(name, wanted) {
    await actions.rename(name, wanted)
    await refresh()
    answer.replaceChildren(element("p", { text: TEXTS.renamed(name, wanted) }))
    again.focus() // what was pressed is gone
  }

  async function onRemove(name) {
    if (!(await actions.remove(name))) return
    await refresh()
    answer.replaceChildren(element("p", { text: TEXTS.removed(name) }))
    again.focus() // what was pressed is gone
  }

  async function focus() {
    await refresh()
    ;(items.querySelector("button") ?? again).focus()
  }

  return { root, refresh, focus }
}

/**
 * Asks for a new name in the place of an entry of the list. (The page's own dialog takes the Enter that opened it for
 * the answer.)
 * @param {string} name the old one
 * @param {{rename: (wanted: string) => Promise<void>, stop: () => void}} actions
 */
function createRenaming(name, actions) {
  const problem = element("p", { id: `${ID}-rename-problem`, class: "switchyard-problem", "aria-live": "polite", hidden: true })
  const { root: labelled, control } = field(TEXTS.newName(name), "input", {
    "aria-describedby": problem.id,
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    input: () => check(),
    keydown(event) {
      if (event.key !== "Escape") return
      event.stopPropagation()
      actions.stop()
    },
  })
  const submit = button(TEXTS.rename, { type: "submit" })
  const root = element(
    "form",
    { class: "switchyard-renaming", novalidate: true, submit: onSubmit },
    labelled,
    problem,
    element("div", { class: "switchyard-control" }, submit, button(TEXTS.cancel, { click: actions.stop })),
  )
  control.value = name

  function check(text = nameProblem(control.value)) {
    return setProblem(problem, control, text)
  }

  async function onSubmit(event) {
    event.preventDefault()
    if (control.value === name) return actions.stop()
    if (!check()) return control.focus()
    try {
      await whileDisabled(submit, () => actions.rename(control.value))
    } catch (error) {
      check(error.message)
      control.focus()
    }
  }

  const focus = () => {
    control.focus()
    control.select()
  }
  return { root, focus }
}
