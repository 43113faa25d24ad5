import assert from "node:assert/strict"
import { test } from "node:test"
import { oppositeOf } from "../../web/js/lib/opposites.mjs"

test("an opposite's opposite is the comparison itself", () => {
  for (const name of ["equal", "greater_than", "greater_or_equal", "less_than", "less_or_equal", "contains", "not_contains"]) {
    assert.notEqual(oppositeOf(name), name)
    assert.equal(oppositeOf(oppositeOf(name)), name)
  }
  assert.equal(oppositeOf("greater_than"), "less_or_equal")
  assert.equal(oppositeOf("less_than"), "greater_or_equal")
})

test("what has no opposite has none", () => {
  for (const name of ["between", "is_none", "matches_regex", "", null, undefined, 5]) assert.equal(oppositeOf(name), null)
})
