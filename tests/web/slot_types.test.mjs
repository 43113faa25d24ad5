import assert from "node:assert/strict"
import test from "node:test"
import { followedInputs, followedType, packFolder, wildcardOutputs } from "../../web/js/lib/slot_types.mjs"

test("one type is followed, whatever is unplugged", () => {
  assert.equal(followedType(["IMAGE"]), "IMAGE")
  assert.equal(followedType([null, "IMAGE", undefined, "IMAGE"]), "IMAGE")
})

test("no type, several types or an unknown one are any type", () => {
  assert.equal(followedType([]), "*")
  assert.equal(followedType([null, undefined]), "*")
  assert.equal(followedType(["IMAGE", "LATENT"]), "*")
  assert.equal(followedType(["IMAGE", "*"]), "*")
  assert.equal(followedType([0]), "*")
  assert.equal(followedType([""]), "*")
})

const select = {
  input: {
    required: { value: ["*", {}], cases: ["STRING", { multiline: true }] },
    optional: { input_0: ["*", { lazy: true }], default: ["*", { lazy: true }], text: ["STRING", { lazy: true }] },
  },
  output: ["*", "INT", "*"],
}

test("lazy wildcard inputs are followed, and only those", () => {
  assert.deepEqual(followedInputs(select), ["input_0", "default"])
  assert.deepEqual(followedInputs({ input: { required: { a: ["*"] } } }), [])
  assert.deepEqual(followedInputs({}), [])
})

const pickBest = {
  input: { required: { value: ["*", {}], scores: ["*", {}], count: ["INT", {}] } },
  output: ["*", "FLOAT"],
  output_name: ["value", "scores"],
}

test("without a lazy input those are followed that are called as a wildcard output is", () => {
  assert.deepEqual(followedInputs(pickBest), ["value"])
  assert.deepEqual(followedInputs({ ...pickBest, output_name: undefined }), [])
  assert.deepEqual(followedInputs({ ...pickBest, output: ["IMAGE", "FLOAT"] }), [])
  assert.deepEqual(followedInputs({ ...select, output_name: ["value", "index", "label"] }), ["input_0", "default"])
})

test("wildcard outputs follow, and only those", () => {
  assert.deepEqual(wildcardOutputs(select), [0, 2])
  assert.deepEqual(wildcardOutputs({}), [])
})

test("the pack's folder is read from the module's own address", () => {
  assert.equal(packFolder("http://127.0.0.1:8188/extensions/switchyard-nodes/js/a.js"), "switchyard-nodes")
  assert.equal(packFolder("https://host/base/extensions/My%20Pack/js/lib/b.mjs?v=2"), "My Pack")
  assert.equal(packFolder("http://127.0.0.1:8188/js/a.js"), null)
})
