/**
 * Two edits in the menus of nodes, also commands for the selected node: a Switch swaps its branches, a Compare turns its
 * comparison round. Both can be undone as any other edit.
 */
import { app } from "../../../scripts/app.js"
import { TEXTS } from "./lib/node_edits_texts.mjs"
import { oppositeOf } from "./lib/opposites.mjs"

const SWITCHES = ["SwitchyardSwitch", "Switch"] // the second of them may be another pack's: its inputs tell
const COMPARES = ["SwitchyardCompare", "Compare"]
const BRANCHES = ["on_true", "on_false"]

function slots(node) {
  return BRANCHES.map((name) => (node.inputs ?? []).findIndex((input) => input.name === name))
}

function canSwap(node) {
  return SWITCHES.includes(node?.comfyClass) && slots(node).every((slot) => slot >= 0)
}

/** What is plugged into an input: a node's output, or an input of the subgraph around it. */
function sourceOf(node, slot) {
  const link = node.getInputLink(slot)
  if (!link) return null
  const { outputNode, subgraphInput } = link.resolve(node.graph)
  return subgraphInput ? { subgraphInput } : outputNode && { outputNode, index: link.origin_slot }
}

function plug(source, node, slot) {
  if (source?.subgraphInput) source.subgraphInput.connect(node.inputs[slot], node)
  else source?.outputNode.connect(source.index, node, slot)
}

function swap(node) {
  const places = slots(node)
  const sources = places.map((slot) => sourceOf(node, slot))
  for (const slot of places) node.disconnectInput(slot)
  plug(sources[0], node, places[1])
  plug(sources[1], node, places[0])
}

function comparison(node) {
  return COMPARES.includes(node?.comfyClass) ? node.widgets?.find((widget) => widget.name === "comparison") : null
}

function canNegate(node) {
  const found = comparison(node)
  if (!found || !oppositeOf(found.value)) return false
  const slot = (node.inputs ?? []).findIndex((input) => input.widget?.name === found.name)
  return slot < 0 || !node.isInputConnected(slot) // else what is plugged in decides
}

function negate(node) {
  const found = comparison(node)
  found.value = oppositeOf(found.value)
  found.callback?.(found.value)
}

/** Makes an edit one step for undo, with what follows from it: outputs take on other types a moment later. */
async function edit(change, node) {
  app.canvas.emitBeforeChange()
  try {
    change(node)
    await new Promise((done) => setTimeout(done))
  } finally {
    app.canvas.emitAfterChange()
  }
  node.graph?.setDirtyCanvas?.(true, true)
}

/** A command does its edit to every selected node that it is for. */
function editSelected(isFor, change, hint) {
  const found = [...app.canvas.selectedItems].filter(isFor)
  if (!found.length) {
    return app.extensionManager.toast.add({ severity: "info", summary: TEXTS.nothing, detail: hint, life: 5000 })
  }
  for (const node of found) edit(change, node)
}

app.registerExtension({
  name: "Switchyard.NodeEdits",
  commands: [
    {
      id: "Switchyard.SwapBranches",
      label: "Swap the branches",
      icon: "pi pi-arrow-right-arrow-left",
      function: () => editSelected(canSwap, swap, TEXTS.selectSwitch),
    },
    {
      id: "Switchyard.NegateComparison",
      label: "Turn the comparison round",
      icon: "pi pi-sort-alt",
      function: () => editSelected(canNegate, negate, TEXTS.selectCompare),
    },
  ],
  getNodeMenuItems(node) {
    if (canSwap(node)) return [{ content: TEXTS.swap, callback: () => edit(swap, node) }]
    if (!canNegate(node)) return []
    return [{ content: TEXTS.negateTo(oppositeOf(comparison(node).value)), callback: () => edit(negate, node) }]
  },
})
