/**
 * What a node decided, as it is shown on the node: one line, a tone, a bar, and parts.
 *
 * @typedef {object} View
 * @property {string} text one line; longer ones are clipped, and shown whole under the mouse
 * @property {"yes"|"no"|"plain"|"busy"} tone
 * @property {{value: number, mark: number | null} | null} bar a score of 0..1 and its threshold
 * @property {{label: string, value: number | null, tone: "yes"|"no"|"plain"}[]} parts value 0..1; null for what has no number
 */
import { TEXTS } from "./verdicts_texts.mjs"

/** The nodes that tell the page what they decided, by id. */
export const DECIDING = new Set([
  "SwitchyardAestheticScore",
  "SwitchyardBoxesToSegs",
  "SwitchyardClipIqaScore",
  "SwitchyardCompare",
  "SwitchyardContentClassifier",
  "SwitchyardDenoiseStrength",
  "SwitchyardFaceCrop",
  "SwitchyardFaceDetailer",
  "SwitchyardFaceDetector",
  "SwitchyardFacePaste",
  "SwitchyardFirstAvailable",
  "SwitchyardGate",
  "SwitchyardPickBest",
  "SwitchyardPreferenceScore",
  "SwitchyardPromptScore",
  "SwitchyardPyiqaScore",
  "SwitchyardQualityGate",
  "SwitchyardQualityScore",
  "SwitchyardRefinerSplit",
  "SwitchyardSaveImageWithSeeds",
  "SwitchyardScoreLog",
  "SwitchyardScoreOverlay",
  "SwitchyardSeedSequence",
  "SwitchyardSegsToBoxes",
  "SwitchyardSelect",
  "SwitchyardSwitch",
])
const PLAIN = { FaceDetectorDETR: "SwitchyardFaceDetector" } // the one plain id that is not its class's name
const MOST_ITEMS = 4 // results of one node that one line tells of one by one

/** Whether a class of ours decides anything; shared workflows use ids without the prefix. */
export function canDecide(classType) {
  return [classType, `Switchyard${classType}`, PLAIN[classType]].some((id) => DECIDING.has(id))
}

const TONES = {
  compare: ({ result }) => result,
  gate: ({ open }) => open,
  quality_gate: ({ passed }) => passed,
}
const PARTS = {
  quality_score: familiesOfWorst,
  content_classifier: ({ scores }) => Object.entries(scores ?? {}).map(([name, score]) => part(name, score)),
  quality_gate: ({ attempts }) =>
    (attempts ?? []).map(({ attempt, score, passed }) => part(TEXTS.attempt(attempt + 1), score, passed)),
  face_detailer: ({ faces }) => (faces ?? []).map(face),
  face_paste: ({ faces }) => (faces ?? []).map((said, index) => mark(`${index + 1}: ${said}`, said === "pasted")),
}

/**
 * @param {{kind: string, summary: string, data: object}[]} said what a node told, one payload for each item it ran for
 * @returns {View}
 */
export function viewOf(said) {
  if (said.length === 1) return viewOfOne(said[0])
  const views = said.map(viewOfOne)
  const texts = [...new Set(views.map(({ text }) => text))]
  const shown = texts.slice(0, MOST_ITEMS).join(" · ")
  const more = texts.length > MOST_ITEMS ? ` · ${TEXTS.more(texts.length - MOST_ITEMS)}` : ""
  const tones = new Set(views.map(({ tone }) => tone))
  return {
    text: TEXTS.results(said.length, shown + more),
    tone: tones.size === 1 ? views[0].tone : "plain",
    bar: null,
    parts: views.map(({ text, tone, bar }, index) => ({ label: `${index + 1}: ${text}`, value: bar?.value ?? null, tone })),
  }
}

function viewOfOne({ kind, summary, data = {} }) {
  const isPassed = (TONES[kind] ?? (({ passed }) => passed))(data)
  const isBusy = kind === "quality_gate" && data.passed === undefined
  const tone = isBusy ? "busy" : typeof isPassed === "boolean" ? (isPassed ? "yes" : "no") : "plain"
  const own = (PARTS[kind] ?? pictures)(data)
  return { text: summary, tone, bar: barOf(kind, data), parts: own.length > 1 || kind === "face_detailer" ? own : [] }
}

/** The scorers' scores are 0..1 where there is a threshold; a gate's may be anything. */
function barOf(kind, { score, threshold }) {
  if (kind === "quality_gate" || typeof score !== "number" || typeof threshold !== "number") return null
  return { value: within(score), mark: within(threshold) }
}

/** The families of the picture that scored lowest: the one that the line is about. */
function familiesOfWorst({ families, scores }) {
  const worst = scores?.indexOf(Math.min(...scores))
  return Object.entries(families?.[worst] ?? {}).map(([name, score]) => part(name, score))
}

function pictures({ scores, threshold }) {
  if (!Array.isArray(scores) || typeof threshold !== "number") return []
  return scores.map((score, index) => part(TEXTS.picture(index + 1), score, score >= threshold && score > 0))
}

function face({ picture, status, reason }, index) {
  const said = reason ? `${status}, ${reason}` : status
  return mark(TEXTS.face(index + 1, picture, said), status === "redrawn")
}

function part(name, score, isGood) {
  const isNumber = typeof score === "number"
  const tone = isGood === undefined ? "plain" : isGood ? "yes" : "no"
  const isShare = isNumber && score >= 0 && score <= 1
  return { label: `${name} ${isNumber ? shown(score) : TEXTS.noNumber}`, value: isShare ? score : null, tone }
}

function mark(label, isGood) {
  return { label, value: null, tone: isGood ? "yes" : "no" }
}

function shown(number) {
  return String(Number(number.toPrecision(3)))
}

function within(number) {
  return Math.min(1, Math.max(0, number))
}
