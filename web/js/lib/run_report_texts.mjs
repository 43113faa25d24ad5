/** What the run report says. */
import { counted } from "./counted.mjs"

export const TEXTS = {
  title: "Switchyard run",
  empty: "Nothing has run yet. Queue the workflow: what its nodes decide is listed here, in order, while it runs.",
  other: "This was a run of another workflow than the one that is open.",
  noDecisions: "No node of Switchyard has decided anything in this run.",
  status: { running: "Running", done: "Done", failed: "Failed", interrupted: "Interrupted" },
  decisions: "Decisions",
  checks: "Before the next run",
  noChecks: "Nothing to say about this workflow.",
  skipped: "Did not run",
  times: "Time per node",
  timesAbout:
    "Wall time between the events of the server as this page got them: waiting for a free moment is part of it. The " +
    "command switchyard profile has what the server itself measures.",
  noTimes: "Times are only known of runs that this page has seen from the beginning.",
  states: { unused: "not needed", blocked: "blocked by a gate", waiting: "not reached", cached: "cached", failed: "failed" },
  cached: "cached",
  details: "Values",
  copy: "Copy as text",
  copied: "Copied.",
  notCopied: "The browser did not allow copying.",
  export: "Export JSON",
  show: (title) => `Show ${title} on the canvas`,
  gone: "This node is not in the open workflow.",
  candidates: "Candidates, best first",
  needs: (rule) => `needs ${rule}`,
  score: (value) => `score ${value}`,
  seed: (value) => `seed ${value}`,
  attempt: (number, item) => (item === null ? `attempt ${number + 1}` : `attempt ${number + 1}, picture ${item + 1}`),
  parts: (values) => `parts ${values.join(", ")}`,
  kept: "handed on",
  passed: "passed",
  noPicture: "no picture",
  use: "Use this seed",
  useThis: (which, score) => `Use this seed: ${which}, score ${score}`,
  more: (count) => `Show ${count} more`,
  used: (count) => `${counted(count, "value")} written, and the seed stays. Undo takes it back.`,
  usedReplay: "The gate's replay says to make just this one again; clear it to let the gate search on.",
  problems: {
    none: () => "A gate inside of this attempt handed on several pictures, so no seeds can make just this one again.",
    inexact: (value) =>
      `The seed ${value} is larger than ${Number.MAX_SAFE_INTEGER}, and the page would round it. Take seed_mode hashed, or ` +
      "save with Save Image with Seeds.",
    gone: (value, where) => `${where} has no value of its own any more in the open workflow, so it can't be written.`,
    shared: (value, where) => `${where} shares its value with another node, which needs a different one.`,
  },
  total: (text) => `in ${text}`,
  seconds: (text) => `${text} s`,
  minutes: (minutes, seconds) => `${minutes} min ${seconds} s`,
  hours: (hours, minutes) => `${hours} h ${minutes} min`,
  notKnown: "not known",
  where: (name, title) => `${name} of ${title}`,
  menu: "Show in run report",
}

/**
 * @param {number | null} ms
 * @returns {string} such as "0.04 s", "12.3 s" or "3 min 5 s"
 */
export function duration(ms) {
  if (ms === null || !Number.isFinite(ms)) return TEXTS.notKnown
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 10) return TEXTS.seconds(seconds.toFixed(2))
  if (seconds < 60) return TEXTS.seconds(seconds.toFixed(1))
  const whole = Math.round(seconds)
  if (whole < 3600) return TEXTS.minutes(Math.floor(whole / 60), whole % 60)
  return TEXTS.hours(Math.floor(whole / 3600), Math.floor((whole % 3600) / 60))
}

/** @returns {string} a score with four digits; a text ("NaN", "Infinity") or nothing is shown as it is */
export function shownScore(score) {
  if (typeof score === "number") return String(Number(score.toPrecision(4)))
  return score === null || score === undefined ? "NaN" : String(score)
}
