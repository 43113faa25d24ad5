/** Makes elements of the page. Texts are texts: nothing is ever read as HTML. */

/**
 * @param {string} tag
 * @param {Record<string, unknown>} properties attributes by name; "text" is the content, functions are event listeners;
 *   null, undefined and false are left out
 * @param {...(Node | string | null)} children
 * @returns {HTMLElement}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue
    if (name === "text") made.textContent = String(value)
    else if (typeof value === "function") made.addEventListener(name, value)
    else made.setAttribute(name, value === true ? "" : String(value))
  }
  made.append(...children.filter((child) => child !== null))
  return made
}

/** A button of a panel. */
export function button(text, properties) {
  return element("button", { type: "button", class: "switchyard-button", text, ...properties })
}

/**
 * Keeps a button from being pressed twice while something works. A button that is disabled loses the focus: it gets it
 * back, unless something else has taken it.
 * @template T
 * @param {HTMLButtonElement} pressed
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function whileDisabled(pressed, work) {
  const isFocused = document.activeElement === pressed
  pressed.disabled = true
  try {
    return await work()
  } finally {
    pressed.disabled = false
    if (isFocused && !document.querySelector(":focus")) pressed.focus({ preventScroll: true })
  }
}

/**
 * A control with its label around it.
 * @returns {{root: HTMLElement, control: HTMLElement}}
 */
export function field(label, tag, attributes) {
  const control = element(tag, attributes)
  return { root: element("label", {}, element("span", { text: label }), control), control }
}

/** An error, as a line of a panel that is read out at once. */
export function errorText(error) {
  return element("p", { class: "switchyard-problem", role: "alert", text: error.message })
}

/**
 * Says what is wrong with what a control holds; tells whether nothing is.
 * @param {HTMLElement} line where it is said
 * @param {HTMLElement} control
 * @param {string | null} text
 */
export function setProblem(line, control, text) {
  line.textContent = text ?? ""
  line.hidden = text === null
  if (text === null) control.removeAttribute("aria-invalid")
  else control.setAttribute("aria-invalid", "true")
  return text === null
}
