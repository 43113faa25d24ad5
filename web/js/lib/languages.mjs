/**
 * The languages that our own texts on the page are there in. English is in the modules that show the texts; the others
 * are loaded when the page is set to them, and written over it. A module reads its texts when it shows them.
 */
import { TEXTS as beforeAfter } from "./before_after_texts.mjs"
import { TEXTS as hints } from "./hints.mjs"
import { TEXTS as nodeEdits } from "./node_edits_texts.mjs"
import { TEXTS as parameters } from "./parameters_texts.mjs"
import { TEXTS as runReport } from "./run_report_texts.mjs"
import { TEXTS as serverAnswers } from "./server_answers.mjs"
import { TEXTS as templates } from "./templates_texts.mjs"
import { TEXTS as verdicts } from "./verdicts_texts.mjs"

/** What the page shows, by module. */
export const TEXTS = {
  before_after: beforeAfter,
  hints,
  node_edits: nodeEdits,
  parameters,
  run_report: runReport,
  server_answers: serverAnswers,
  templates,
  verdicts,
}

/** By the page's name of a language; each gives a module with the same tree of texts. */
export const LANGUAGES = new Map([
  ["de", () => import("./texts_de.mjs")],
  ["ja", () => import("./texts_ja.mjs")],
  ["zh", () => import("./texts_zh.mjs")],
])

/**
 * Writes texts over those that are there; what is no text of ours is left out.
 * @param {object} shown
 * @param {object} translated
 */
export function overwrite(shown, translated) {
  for (const [name, text] of Object.entries(translated)) {
    if (typeof shown[name] !== typeof text) continue
    if (typeof text === "object") overwrite(shown[name], text)
    else shown[name] = text
  }
}
