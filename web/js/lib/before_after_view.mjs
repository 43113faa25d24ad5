/** Two pictures in one frame with a line to drag between them, as elements. It knows of no node and no graph. */
import { element } from "./elements.mjs"
import { moved, positionAt, ratioOf } from "./before_after.mjs"
import { TEXTS } from "./before_after_texts.mjs"

/**
 * @param {(file: object) => string} urlOf where a picture is
 * @param {string} idleText what is said while nothing is known; if empty, the view is hidden then
 * @returns {{root: HTMLElement, show(found: {pairs: object[], note: string} | null): void, current(): object | null}}
 */
export function createView(urlOf, idleText) {
  let pairs = []
  let index = 0
  let position = 50
  const before = element("img", { class: "switchyard-before", alt: TEXTS.before, draggable: "false", error: fail })
  const after = element("img", { alt: TEXTS.after, draggable: "false", error: fail })
  const line = element("div", {
    class: "switchyard-line",
    role: "slider",
    tabindex: 0,
    "aria-label": TEXTS.line,
    "aria-valuemin": 0,
    "aria-valuemax": 100,
    keydown: onKey,
  })
  const stage = element(
    "div",
    { class: "switchyard-stage", pointerdown: onDown, pointermove: onMove },
    after,
    before,
    element("span", { class: "switchyard-side", text: TEXTS.before, "aria-hidden": "true" }),
    element("span", { class: "switchyard-side", text: TEXTS.after, "aria-hidden": "true" }),
    line,
  )
  const frame = element("div", { class: "switchyard-frame" }, stage)
  const place = element("span", { "aria-live": "polite" })
  const previous = button(TEXTS.previous, "‹", () => turn(-1))
  const next = button(TEXTS.next, "›", () => turn(1))
  const bar = element("div", { class: "switchyard-pairs" }, previous, place, next)
  const note = element("p", { class: "switchyard-note" })
  const root = element("div", { class: "switchyard-before-after" }, frame, bar, note)
  show(null)
  return { root, show, current: () => pairs[index] ?? null }

  function show(found) {
    pairs = found?.pairs ?? []
    index = Math.max(0, Math.min(index, pairs.length - 1))
    const text = found ? found.note : idleText
    note.textContent = text
    root.hidden = !pairs.length && !text
    note.hidden = !text
    frame.hidden = !pairs.length
    bar.hidden = pairs.length < 2
    if (pairs.length) draw()
  }

  function draw() {
    const pair = pairs[index]
    before.src = urlOf(pair.before)
    after.src = urlOf(pair.after)
    place.textContent = TEXTS.place(index + 1, pairs.length, pair.picture)
    previous.disabled = index === 0
    next.disabled = index === pairs.length - 1
    frame.style.setProperty("--switchyard-ratio", ratioOf(pair))
    move(position)
  }

  function move(to) {
    position = to
    const rounded = Math.round(position)
    stage.style.setProperty("--switchyard-position", `${position}%`)
    line.setAttribute("aria-valuenow", rounded)
    line.setAttribute("aria-valuetext", TEXTS.value(rounded))
  }

  function turn(by) {
    const [pressed, other] = by < 0 ? [previous, next] : [next, previous]
    const isFocused = document.activeElement === pressed // read before it is disabled: then the page has the focus
    index += by
    draw()
    if (isFocused && pressed.disabled) other.focus()
  }

  function fail() {
    frame.hidden = true
    note.hidden = false
    note.textContent = TEXTS.gone
  }

  function onDown(event) {
    if (event.button !== 0) return
    event.preventDefault() // else the browser drags the picture, and gives the focus to nothing
    line.focus({ preventScroll: true })
    stage.setPointerCapture(event.pointerId)
    move(positionAt(event.clientX, stage.getBoundingClientRect()))
  }

  function onMove(event) {
    if (stage.hasPointerCapture(event.pointerId)) move(positionAt(event.clientX, stage.getBoundingClientRect()))
  }

  function onKey(event) {
    const to = event.ctrlKey || event.altKey || event.metaKey ? null : moved(position, event.key, event.shiftKey)
    if (to === null) return
    event.preventDefault()
    event.stopPropagation()
    move(to)
  }
}

function button(label, sign, click) {
  return element("button", { type: "button", class: "switchyard-button", "aria-label": label, title: label, click }, sign)
}
