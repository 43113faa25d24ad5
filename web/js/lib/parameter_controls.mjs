/** The control for each type of parameter. Controls know no graph: they show a value and tell what is typed. */
import { element, whileDisabled } from "./elements.mjs"
import { randomWhole, stepped } from "./parameter_rows.mjs"
import { TEXTS } from "./parameters_texts.mjs"

const CONTROLS = {
  text: createText,
  integer: createNumber,
  number: createNumber,
  seed: createSeed,
  boolean: createCheckbox,
  choice: createChoice,
  image: createPicture,
}

/**
 * @typedef {{type: string, min?: number | null, max?: number | null, step?: number | null, choices?: string[] | null}}
 *   Judged what the server says of a parameter
 * @typedef {object} Control
 * @property {HTMLElement} root
 * @property {HTMLElement} input what takes the focus, and what a label is for
 * @property {(value: unknown, judged: Judged) => void} show shows a value and its limits
 *
 * @param {object} options
 * @param {string} options.id of the input
 * @param {string} options.label
 * @param {Judged} options.judged
 * @param {(value: string | boolean) => void} options.typed told of each change
 * @param {() => void} options.done told when a change is complete: the field is left, an entry chosen
 * @param {(file: File) => Promise<string>} options.upload gives the name of the file on the server
 * @param {(name: string) => string} options.pictureUrl
 * @returns {Control}
 */
export function createControl(options) {
  return CONTROLS[options.judged.type](options)
}

/** Whether a control that was made for one answer of the server can show another. */
export function isSameKind(judged, other) {
  return judged?.type === other?.type && Boolean(judged?.choices) === Boolean(other?.choices)
}

function createText({ id, typed, done }) {
  const input = element("textarea", { id, rows: 3, input: () => typed(input.value), change: done })
  return { root: input, input, show: (value) => setText(input, value) }
}

function setText(input, value) {
  const text = Array.isArray(value) ? "" : String(value ?? "")
  if (input.value !== text) input.value = text
}

/** A text field that can be stepped: a number field of the browser would hide what is no number. */
function createNumber({ id, label, judged, typed, done }) {
  let limits = judged
  const step = (direction) => {
    input.value = stepped(input.value, direction, limits)
    tell()
    typed(input.value)
  }
  const keydown = (event) => {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key]
    if (!direction || event.ctrlKey || event.altKey || event.metaKey) return
    event.preventDefault()
    step(direction)
  }
  const write = () => {
    tell()
    typed(input.value)
  }
  const input = element("input", {
    id,
    type: "text",
    role: "spinbutton",
    inputmode: judged.type === "number" ? "decimal" : "numeric",
    autocomplete: "off",
    spellcheck: "false",
    input: write,
    change: done,
    keydown,
  })
  const stepper = (sign, text, direction) =>
    element("button", {
      type: "button",
      class: "switchyard-button switchyard-step",
      tabindex: -1, // the arrow keys do the same
      "aria-label": text,
      text: sign,
      click: () => (step(direction), done()),
    })

  function tell() {
    const number = input.value.trim() === "" ? NaN : Number(input.value)
    setOrRemove(input, "aria-valuenow", Number.isFinite(number) ? number : null)
    setOrRemove(input, "aria-valuetext", input.value)
    setOrRemove(input, "aria-valuemin", limits.min)
    setOrRemove(input, "aria-valuemax", limits.max)
  }

  const root = element(
    "div",
    { class: "switchyard-control" },
    input,
    stepper("−", TEXTS.less(label), -1),
    stepper("+", TEXTS.more(label), 1),
  )
  return {
    root,
    input,
    show(value, told) {
      limits = told
      setText(input, value)
      tell()
    },
  }
}

function setOrRemove(control, name, value) {
  if (value === null || value === undefined) control.removeAttribute(name)
  else control.setAttribute(name, String(value))
}

function createSeed(options) {
  let limits = options.judged
  const number = createNumber(options)
  const random = element("button", {
    type: "button",
    class: "switchyard-button",
    "aria-label": TEXTS.randomOf(options.label),
    text: TEXTS.random,
    click() {
      number.show(randomWhole(limits.min, limits.max), limits)
      options.typed(number.input.value)
      options.done()
    },
  })
  number.root.append(random)
  const show = (value, told) => {
    limits = told
    number.show(value, told)
  }
  return { ...number, show }
}

function createCheckbox({ id, typed, done }) {
  const input = element("input", { id, type: "checkbox", change: () => (typed(input.checked), done()) })
  const isOn = (value) => value === true || String(value).trim().toLowerCase() === "true"
  return { root: element("div", { class: "switchyard-control" }, input), input, show: (value) => (input.checked = isOn(value)) }
}

/** A list to choose from, or a field for any text where there is no list. */
function createChoice(options) {
  if (options.judged.choices) return createList(options)
  const { id, typed, done } = options
  const input = element("input", { id, type: "text", autocomplete: "off", input: () => typed(input.value), change: done })
  return { root: input, input, show: (value) => setText(input, value) }
}

function createList({ id, typed, done }) {
  let offered = null
  const input = element("select", { id, change: () => (typed(input.value), done()) })
  return {
    root: input,
    input,
    show(value, { choices: listed }) {
      const choices = listed ?? []
      const held = String(value ?? "")
      const entries = choices.includes(held) ? choices : [held, ...choices]
      if (offered?.length !== entries.length || entries.some((entry, index) => entry !== offered[index])) {
        offered = entries
        const named = (entry) => (choices.includes(entry) ? entry : entry ? TEXTS.unlisted(entry) : TEXTS.nothing)
        input.replaceChildren(...entries.map((entry) => element("option", { value: entry, text: named(entry) })))
      }
      if (input.value !== held) input.value = held
    },
  }
}

function createPicture(options) {
  const { id, label, judged, typed, done, upload, pictureUrl } = options
  const list = createList(options)
  const problem = element("p", { class: "switchyard-problem", role: "alert", hidden: true })
  const picture = element("img", {
    class: "switchyard-picture",
    alt: TEXTS.pictureOf(label),
    load: () => (picture.hidden = false),
    error: () => (picture.hidden = true),
  })
  const file = element("input", { id: `${id}-file`, type: "file", accept: "image/*", hidden: true, change: send })
  const button = element("button", {
    type: "button",
    class: "switchyard-button",
    "aria-label": TEXTS.uploadOf(label),
    text: TEXTS.upload,
    click: () => file.click(),
  })
  let limits = judged
  let shown = null

  async function send() {
    const [chosen] = file.files
    file.value = ""
    if (!chosen) return
    problem.hidden = true
    try {
      const name = await whileDisabled(button, () => upload(chosen))
      show(name, { ...limits, choices: [...new Set([...(limits.choices ?? []), name])] })
      typed(name)
      done()
    } catch (error) {
      problem.textContent = TEXTS.notUploaded(error.message)
      problem.hidden = false
    }
  }

  function show(value, told) {
    limits = told
    list.show(value, told)
    if (value === shown) return
    shown = value
    picture.hidden = true
    if (value) picture.src = pictureUrl(String(value))
    else picture.removeAttribute("src")
  }

  const root = element("div", { class: "switchyard-chooser" }, list.root, button, file, problem, picture)
  return { root, input: list.input, show }
}
