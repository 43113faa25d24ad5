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
