/** The label that hangs from a node's lower edge and says what the node decided. It takes no room from the node. */
import { element } from "./elements.mjs"

const MOST_PARTS = 16 // tiny bars that fit beside the text

/**
 * @param {(event: WheelEvent) => void} onWheel
 * @returns {{root: HTMLElement, show: (view: import("./verdicts.mjs").View | null, title: string) => void}}
 */
export function createLabel(onWheel) {
  const label = element("div", {
    class: "switchyard-verdict",
    role: "status", // read out, politely, when it changes
    tabindex: "0",
    hidden: true,
    wheel: onWheel,
  })
  const root = element("div", { class: "switchyard-verdict-host" }, label)
  let before = ""
  return {
    root,
    show(view, title) {
      const now = JSON.stringify([view, title])
      if (now === before) return
      before = now
      label.hidden = !view
      if (!view) return label.replaceChildren()
      const whole = [view.text, ...view.parts.map((part) => part.label)]
      label.dataset.tone = view.tone
      label.title = whole.join("\n")
      label.setAttribute("aria-label", `${title}: ${whole.join("; ")}`)
      label.replaceChildren(
        element("span", { class: "switchyard-verdict-text", text: view.text }),
        ...(view.parts.length ? [partsOf(view.parts)] : []),
        ...(view.bar ? [barOf(view.bar)] : []),
      )
    },
  }
}

function partsOf(parts) {
  const bars = parts.slice(0, MOST_PARTS).map(({ value, tone }) => {
    const bar = element("i", { "data-tone": tone })
    bar.style.setProperty("--switchyard-value", value ?? 1)
    return bar
  })
  const more = parts.length > MOST_PARTS ? [element("b", { text: `+${parts.length - MOST_PARTS}` })] : []
  return element("span", { class: "switchyard-verdict-parts", "aria-hidden": "true" }, ...bars, ...more)
}

function barOf({ value, mark }) {
  const bar = element("span", { class: "switchyard-verdict-bar", "aria-hidden": "true" }, element("i"), element("u"))
  bar.style.setProperty("--switchyard-value", value)
  bar.style.setProperty("--switchyard-mark", mark)
  return bar
}
