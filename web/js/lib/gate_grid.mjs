/** The candidates of a Quality Gate as a grid: a picture, its scores, its seed, and a button that takes it. */
import { element } from "./elements.mjs"
import { candidateLine } from "./run_report.mjs"
import { TEXTS, shownScore } from "./run_report_texts.mjs"

const FIRST = 12 // candidates; further ones are shown when they are asked for

/**
 * @param {import("./run_report.mjs").Row} row a gate's decision
 * @param {object} actions see run_report_panel.mjs
 * @returns {HTMLElement}
 */
export function candidateGrid(row, actions) {
  const answer = element("p", { class: "switchyard-run-answer", role: "status" })
  const list = element("ul", { class: "switchyard-run-grid", "aria-label": `${TEXTS.candidates}: ${row.title}` })
  const add = (candidates) => list.append(...candidates.map((one) => candidateCard(row, one, actions, answer)))
  add(row.candidates.slice(0, FIRST))
  const rest = row.candidates.slice(FIRST)
  const more = rest.length
    ? element("button", { type: "button", class: "switchyard-button", text: TEXTS.more(rest.length) })
    : null
  more?.addEventListener("click", () => {
    add(rest)
    more.remove()
    list.children[FIRST].querySelector("button")?.focus()
  })
  const needs = row.needs ? ` (${TEXTS.needs(row.needs)})` : ""
  const title = element("p", { class: "switchyard-hint", text: `${TEXTS.candidates}${needs}` })
  return element("div", { class: "switchyard-run-candidates" }, title, list, more, answer)
}

function candidateCard(row, one, actions, answer) {
  const which = TEXTS.attempt(one.attempt, one.item)
  const score = shownScore(one.score)
  const tags = [one.kept && TEXTS.kept, one.passed && !one.kept && TEXTS.passed].filter(Boolean)
  const words = [
    element("strong", { text: TEXTS.score(score) }),
    ...tags.map((text) => element("em", { class: "switchyard-run-tag", text })),
    element("span", { text: which }),
    one.parts.length > 1 ? element("span", { text: TEXTS.parts(one.parts.map(shownScore)) }) : null,
    one.seed ? element("span", { class: "switchyard-run-seed", text: TEXTS.seed(one.seed) }) : null,
  ]
  const use = element("button", {
    type: "button",
    class: "switchyard-button",
    text: TEXTS.use,
    "aria-label": TEXTS.useThis(which, score),
    click: () => take(row, one, actions, answer),
  })
  const card = element("li", {}, pictures(one, actions), element("div", {}, ...words), use)
  if (one.kept) card.classList.add("switchyard-run-kept")
  return card
}

function take(row, one, actions, answer) {
  try {
    answer.textContent = actions.use(row.id, one)
    answer.classList.remove("switchyard-problem")
  } catch (error) {
    answer.textContent = error.message
    answer.classList.add("switchyard-problem")
  }
}

function pictures(one, actions) {
  const files = one.previews.slice(0, 4)
  if (!files.length) return element("div", { class: "switchyard-run-nopicture", text: TEXTS.noPicture })
  const alt = candidateLine(one)
  const images = files.map((file, index) => {
    const image = element("img", { alt: index ? "" : alt, loading: "lazy", src: actions.pictureUrl(file) })
    image.addEventListener("error", () => image.replaceWith(element("span", { class: "switchyard-run-nopicture", text: TEXTS.noPicture })))
    return image
  })
  return element("div", { class: "switchyard-run-pictures", "data-count": files.length }, ...images)
}
