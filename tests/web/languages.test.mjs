import assert from "node:assert/strict"
import test from "node:test"
import { LANGUAGES, overwrite, TEXTS } from "../../web/js/lib/languages.mjs"

const SAME = {
  de: [
    "hints.no_seed", // a sentence of the server's
    "parameters.kinds.text",
    "parameters.kinds.seed",
    "run_report.seconds", // signs of units
    "run_report.minutes",
    "run_report.hours",
    "run_report.total",
    "templates.fields.name",
    "templates.comma",
  ],
}
const HINT = { title: "<title>", text: "<text>", input: "<input>", output: "<output>", name: "<name>", others: "<others>" }
/** The arguments of functions that take other ones than texts, and of those that say something else of some. */
const CALLS = {
  "hints.no_seed": [[HINT]],
  "hints.runs_anyway": [[HINT]],
  "hints.same_name": [[HINT]],
  "run_report.parts": [[["<a>", "<b>"]]],
  "run_report.attempt": [[4, null], [6, 8]],
  "parameters.linked": [["<title>"], [""]],
  "before_after.place": [["<number>", "<count>", "<picture>"], [7, 9, 0]],
}

/** The texts of a tree by their path. */
function leaves(tree, path = "") {
  return Object.entries(tree).flatMap(([name, value]) => {
    const here = path ? `${path}.${name}` : name
    return value !== null && typeof value === "object" ? leaves(value, here) : [[here, value]]
  })
}

function called(path, text) {
  if (typeof text === "string") return [text]
  const calls = CALLS[path] ?? [Array.from({ length: text.length }, (_, index) => `<${"abc"[index]}>`)]
  return calls.map((values) => text(...values))
}

/** What of a text is the same in every language: the values in it, the numbers, and what is typed or pressed. */
function values(text) {
  return [...new Set(text.match(/<\w+>\d*|\d+|Ctrl\+Shift\+L|switchyard profile/g))].sort()
}

const english = new Map(leaves(structuredTexts(TEXTS)))

/** A copy that later overwriting does not reach. */
function structuredTexts(tree) {
  return Object.fromEntries(
    Object.entries(tree).map(([name, value]) => [name, typeof value === "object" ? structuredTexts(value) : value]),
  )
}

test("the languages are those of the names of nodes, and no other name is one", () => {
  assert.deepEqual([...LANGUAGES.keys()].sort(), ["de", "ja", "zh"])
  for (const name of ["en", "zh-TW", "constructor", "", undefined]) assert.equal(LANGUAGES.get(name), undefined)
})

for (const [language, load] of LANGUAGES) {
  const texts = async () => leaves((await load()).TEXTS)

  test(`${language} has exactly the texts that there are, of the same kinds`, async () => {
    const shape = (entries) => [...entries].map(([path, text]) => `${path}: ${typeof text} of ${text.length * (typeof text === "function")}`).sort()
    assert.deepEqual(shape(await texts()), shape(english))
  })

  test(`${language} has no text that is empty or left in English`, async () => {
    const same = SAME[language] ?? []
    for (const [path, text] of await texts()) {
      const said = called(path, text)
      assert.ok(said.every((one) => one.trim()), `${path} is empty`)
      const isSame = said.join("\n") === called(path, english.get(path)).join("\n")
      assert.equal(isSame, same.includes(path), `${path}: ${said}`)
    }
  })

  test(`${language} says the same values, numbers and keys as English`, async () => {
    for (const [path, text] of await texts()) {
      const expected = called(path, english.get(path))
      called(path, text).forEach((one, index) => assert.deepEqual(values(one), values(expected[index]), `${path}: ${one}`))
    }
  })

  test(`${language} counts nothing, one and many`, async () => {
    const said = new Map(await texts())
    for (const path of ["templates.parameters", "templates.choices", "run_report.used"])
      for (const count of [1, 2, 17]) assert.match(said.get(path)(count), new RegExp(`(^|\\D)${count}(\\D|$)`))
    for (const count of [0, 1, 2]) assert.doesNotMatch(said.get("templates.saved")("name", count), /undefined|NaN/)
  })
}

test("texts are written over those that are shown, into the same objects; what is none of ours is left out", () => {
  const inner = { one: "one", two: (value) => `two ${value}` }
  const shown = { inner, three: "three" }
  overwrite(shown, { inner: { one: "eins", two: (value) => `zwei ${value}`, other: "x" }, three: { not: "a text" }, four: "vier" })
  assert.deepEqual([inner.one, inner.two(2), shown.three], ["eins", "zwei 2", "three"])
  assert.deepEqual([Object.keys(shown), Object.keys(inner)], [["inner", "three"], ["one", "two"]])
})
