/**
 * The run report: a tab of the bottom panel with what the last run decided, skipped and took, node by node. The
 * candidates of a Quality Gate can be taken from it: their seeds are written onto the canvas.
 */
import { api } from "../../../scripts/api.js"
import { app } from "../../../scripts/app.js"
import { currentHints, fixHint, onHintsChanged } from "./hints.js"
import { lastRun, lastRunOfOpenWorkflow, onRunChanged } from "./runs.js"
import { executionIds, nodeAt } from "./lib/graph_nodes.mjs"
import { reveal } from "./lib/reveal.mjs"
import { reportOf } from "./lib/run_report.mjs"
import { createReportPanel } from "./lib/run_report_panel.mjs"
import { TEXTS } from "./lib/run_report_texts.mjs"
import { planWrites, write } from "./lib/seed_writing.mjs"

const TAB = "switchyard-run"
const STYLES = ["../css/panels.css", "../css/run_report.css"].map((path) => new URL(path, import.meta.url).href)
const spoken = new Map() // what nodes say while the run goes on, by execution id
let panel = null // while the tab is open
let endings = [] // what ends its listening
let wanted = null // the row that a command wants to be focused, until the tab is there: {id}

/** The run that is shown: the one that goes on, else the last one of the open workflow, else the last one at all. */
function shownRun() {
  const last = lastRun()
  return last?.status === "running" ? last : (lastRunOfOpenWorkflow() ?? last)
}

function isOther(run) {
  return Boolean(run?.workflowId && app.rootGraph?.id && run.workflowId !== app.rootGraph.id)
}

/** The node on the canvas that a node of the run was; null if another workflow is open, or it was changed. */
function nodeOfRun(id) {
  const run = shownRun()
  if (!run || isOther(run)) return null
  const node = nodeAt(app.rootGraph, id)
  const classType = run.prompt?.[id]?.class_type
  return node && (!classType || classType === (node.comfyClass ?? node.type)) ? node : null
}

function show(id) {
  const node = nodeOfRun(id) ?? nodeAt(app.rootGraph, id)
  if (node) reveal(app.canvas, node, panel?.root)
  return Boolean(node)
}

function use(gate, candidate) {
  const named = (id) => nodeAt(app.rootGraph, id)?.title ?? `#${id}`
  if (!nodeOfRun(gate)) throw new Error(TEXTS.problems.gone(null, `#${gate}`))
  const plan = planWrites(app.rootGraph, gate, candidate)
  if (plan.problem) throw new Error(TEXTS.problems[plan.problem](plan.value, TEXTS.where(plan.name, named(plan.id))))
  app.canvas.emitBeforeChange()
  try {
    write(plan.writes, app.canvas)
  } finally {
    app.canvas.emitAfterChange()
  }
  const count = plan.writes.filter(({ name }) => name !== "replay").length
  return candidate.replay ? `${TEXTS.used(count)} ${TEXTS.usedReplay}` : TEXTS.used(count)
}

function pictureUrl({ filename, subfolder, type }) {
  return api.apiURL(`/view?${new URLSearchParams({ filename, subfolder: subfolder ?? "", type: type ?? "temp" })}`)
}

function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }))
  const link = document.createElement("a")
  Object.assign(link, { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

async function copy(text) {
  await navigator.clipboard.writeText(text)
}

function update() {
  if (!panel) return
  if (!panel.root.isConnected) return close() // older pages give the place to another tab without a word
  showRun()
}

function showRun() {
  const run = shownRun()
  panel.show(run && reportOf(run, Date.now(), spoken), isOther(run))
}

function close() {
  for (const end of endings) end()
  endings = []
  panel = null
}

/** The page calls this anew whenever it feels like it, also for a tab that stays open. */
function render(container) {
  if (panel && container.contains(panel.root)) return
  close()
  panel = createReportPanel({
    reveal: show,
    isThere: (id) => nodeOfRun(id) !== null,
    pictureUrl,
    use,
    copy,
    download,
    fix: (hint) => fixHint(hint, show),
  })
  container.replaceChildren(...STYLES.map(styleSheet), panel.root)
  container.style.height = "100%"
  showRun()
  panel.showHints(currentHints())
  endings = [onRunChanged(update), onHintsChanged((hints) => panel?.showHints(hints))]
  const focused = wanted
  wanted = null
  if (focused) requestAnimationFrame(() => panel?.focusRow(focused.id)) // it is not in the document yet
}

function styleSheet(href) {
  const styles = document.createElement("link")
  return Object.assign(styles, { rel: "stylesheet", href })
}

function isOpen() {
  const tabs = app.extensionManager.bottomPanel
  return Boolean(tabs.bottomPanelVisible) && tabs.activeBottomPanelTabId === TAB && panel !== null
}

/** Opens the tab, if it is not open, and puts the focus on a node's row, or on the first one. */
function open(id = null) {
  if (isOpen()) return panel.focusRow(id)
  wanted = { id }
  app.extensionManager.bottomPanel.toggleBottomPanelTab(TAB)
}

/** Opens the tab; closes it if the focus is in it already. */
function toggle() {
  if (!isOpen() || !panel.root.contains(document.activeElement)) return open()
  app.extensionManager.bottomPanel.toggleBottomPanelTab(TAB)
  app.canvas.canvas.focus?.()
}

function rowOf(node) {
  const ids = executionIds(app.rootGraph).get(node) ?? []
  return shownRun()?.decisions.find(({ displayId }) => ids.includes(String(displayId)) && nodeOfRun(displayId) === node)
}

app.registerExtension({
  name: "Switchyard.RunReport",
  commands: [
    { id: "Switchyard.OpenRunReport", label: "Switchyard run report", icon: "pi pi-list-check", function: toggle },
  ],
  keybindings: [{ combo: { key: "l", ctrl: true, shift: true }, commandId: "Switchyard.OpenRunReport" }],
  menuCommands: [{ path: ["View"], commands: ["Switchyard.OpenRunReport"] }],
  bottomPanelTabs: [
    {
      id: TAB,
      get title() {
        return TEXTS.title // when it is shown: the page's language is known by then
      },
      type: "custom",
      render,
      destroy: close,
    },
  ],
  setup() {
    api.addEventListener("execution_start", () => spoken.clear())
    api.addEventListener("progress_text", ({ detail }) => {
      if (detail?.nodeId && typeof detail.text === "string") spoken.set(String(detail.nodeId), detail.text)
      update()
    })
  },
  getNodeMenuItems(node) {
    const decision = rowOf(node)
    return decision ? [{ content: TEXTS.menu, callback: () => open(String(decision.displayId)) }] : []
  },
})
