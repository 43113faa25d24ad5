import assert from "node:assert/strict"
import { test } from "node:test"
import { heightFor, moved, positionAt, ratioOf, readPairs, viewPath } from "../../web/js/lib/before_after.mjs"

const file = (filename) => ({ filename, subfolder: "switchyard", type: "temp", width: 8, height: 4 })

test("keys move the line and stay between its ends", () => {
  assert.equal(moved(50, "ArrowRight"), 52)
  assert.equal(moved(50, "ArrowDown"), 48)
  assert.equal(moved(50, "ArrowLeft", true), 40)
  assert.equal(moved(50, "PageUp", true), 60)
  assert.equal(moved(1, "ArrowLeft"), 0)
  assert.equal(moved(95, "PageUp"), 100)
  assert.deepEqual([moved(30, "Home"), moved(30, "End")], [0, 100])
  for (const key of ["Tab", "a", "Enter", "Escape"]) assert.equal(moved(30, key), null)
})

test("the pointer moves it within the pictures", () => {
  const box = { left: 100, width: 200 }
  assert.deepEqual([0, 100, 150, 300, 900].map((x) => positionAt(x, box)), [0, 0, 25, 100, 100])
  assert.equal(positionAt(5, { left: 0, width: 0 }), 50)
})

test("pairs are read from what a node tells, and nothing else is", () => {
  const pair = { before: file("a.jpg"), after: file("b.jpg") }
  assert.deepEqual(readPairs([{ kind: "x", data: { pairs: [pair], note: "n" } }]), { pairs: [pair], note: "n" })
  assert.deepEqual(readPairs([{ data: { pairs: [{ before: file("a") }, null, {}] } }]), { pairs: [], note: "" })
  for (const other of [[], [{}], [{ data: {} }], [{ data: { pairs: 5 } }]]) assert.equal(readPairs(other), null)
})

test("a node that ran for each item of a list shows the pairs of all", () => {
  const [one, two] = ["a", "b"].map((name) => ({ before: file(name), after: file(name) }))
  const said = [{ data: { pairs: [one], note: "n" } }, { data: {} }, { data: { pairs: [two], note: "n" } }]
  assert.deepEqual(readPairs(said), { pairs: [one, two], note: "n" })
})

test("names of files are quoted in addresses", () => {
  assert.equal(viewPath({ filename: "a&b c.jpg", subfolder: "s", type: "temp" }), "/view?filename=a%26b+c.jpg&subfolder=s&type=temp")
})

test("the frame has the shape of the picture after, within reason", () => {
  assert.equal(ratioOf({ after: { width: 200, height: 100 } }), 2)
  assert.equal(ratioOf({ after: {} }), 1)
  assert.equal(heightFor(300, 1.5, 10), 210)
  assert.equal(heightFor(300, 0.1, 0), 450)
  assert.equal(heightFor(300, 100, 0), 80)
})
