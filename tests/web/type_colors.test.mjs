import assert from "node:assert/strict"
import { test } from "node:test"
import { COLORS, colorRules, fillColors } from "../../web/js/lib/type_colors.mjs"

test("colors that others have set stay, empty ones are filled", () => {
  const table = { SEGS: "#123456", BBOX_DETECTOR: "", IMAGE: "#64b5f6" }
  assert.equal(fillColors(table), true)
  assert.deepEqual(table, { ...COLORS, SEGS: "#123456", IMAGE: "#64b5f6" })
  assert.equal(fillColors(table), false)
})

test("the rules name every type and give way to all others", () => {
  const rules = colorRules()
  assert.match(rules, /^:where\(:root\) \{/)
  for (const [type, color] of Object.entries(COLORS)) assert.ok(rules.includes(`--color-datatype-${type}: ${color};`))
})
