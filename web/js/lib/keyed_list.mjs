const signatures = new WeakMap()

/**
 * Brings a list of elements up to date and leaves what has not changed alone, so that focus, scrolling and what is
 * unfolded stay where they are while a run goes on.
 *
 * @template T
 * @param {HTMLElement} parent
 * @param {T[]} items
 * @param {(item: T) => string} keyOf different for each item
 * @param {(item: T) => string} signatureOf all that the element shows
 * @param {(item: T) => HTMLElement} make
 */
export function updateList(parent, items, keyOf, signatureOf, make) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]))
  const wanted = items.map((item) => {
    const [key, signature] = [keyOf(item), signatureOf(item)]
    const before = known.get(key)
    if (before && signatures.get(before) === signature) return before
    const made = make(item)
    made.dataset.key = key
    signatures.set(made, signature)
    if (before) keepState(before, made)
    return made
  })
  for (const child of [...parent.children]) if (!wanted.includes(child)) child.remove()
  for (const [index, child] of wanted.entries()) if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null)
}

/** What is unfolded stays unfolded, and the focus stays on the same button, after it was made anew. */
function keepState(before, made) {
  const folds = [...before.querySelectorAll("details")]
  for (const [index, fold] of [...made.querySelectorAll("details")].entries()) fold.open = folds[index]?.open ?? fold.open
  if (!before.contains(document.activeElement)) return
  const name = document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent
  queueMicrotask(() => {
    const buttons = [...made.querySelectorAll("button, summary")]
    const same = buttons.find((one) => (one.getAttribute("aria-label") ?? one.textContent) === name)
    ;(same ?? buttons[0])?.focus({ preventScroll: true })
  })
}
