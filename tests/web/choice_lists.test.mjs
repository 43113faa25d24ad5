/** What a Choice Parameter offers. Run with node --test. */
import assert from "node:assert/strict"
import { test } from "node:test"

import { commonValues, offeredValues, readChoices } from "../../web/js/lib/choice_lists.mjs"

test("choices are lines, each once", () => {
  assert.deepEqual(readChoices("b\r\n a \n\nb\nc d"), ["b", "a", "c d"])
  for (const nothing of ["", " \n ", null, undefined]) assert.deepEqual(readChoices(nothing), [])
})

test("several inputs have in common what all of them take, in the first one's order", () => {
  assert.deepEqual(commonValues([["c", "a", "b"], ["a", "b", "c", "d"], ["b", "c"]]), ["c", "b"])
  assert.deepEqual(commonValues([["a"], ["b"]]), [])
  assert.deepEqual(commonValues([]), [])
  assert.deepEqual(commonValues([[512, 768, 512]]), ["512", "768"])
})

test("written choices count before what the inputs take", () => {
  assert.deepEqual(offeredValues("x\ny", [["a"]]), ["x", "y"])
  assert.deepEqual(offeredValues(" ", [["a", "b"], ["b"]]), ["b"])
  assert.deepEqual(offeredValues(undefined, []), [])
})
