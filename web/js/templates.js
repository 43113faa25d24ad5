/**
 * Templates on the canvas: a sidebar tab and two commands that save the open workflow as a template and load one.
 *
 * The page only collects what graphToPrompt gives; the server finds the parameters and writes the file. A template is
 * always loaded as a new workflow, so that nothing unsaved is lost.
 */
import { api } from "../../../scripts/api.js"
import { app } from "../../../scripts/app.js"
import { ask } from "./lib/server_answers.mjs"
import { graphProblem } from "./lib/template_documents.mjs"
import { freeName, slug, workflowName } from "./lib/template_names.mjs"
import { createPanel } from "./lib/templates_panel.mjs"
import { TEXTS } from "./lib/templates_texts.mjs"
import { createParametersSection } from "./parameters.js"

const TAB = "switchyard-templates"
const ROUTE = "/switchyard/templates"
const STYLES = ["panels", "parameters"].map((name) => new URL(`../css/${name}.css`, import.meta.url).href)
const drafts = new WeakMap() // what is typed into the form, by the workflow that it is about
const nothing = {} // stands for the open workflow while the page has none
let panel = null // while the tab is open
let watch = null // looks whether another workflow has been opened, meanwhile: the page has no event for that
let wanted = null // what a command wants to be focused, until the tab is there

function activeWorkflow() {
  return app.extensionManager.workflow?.activeWorkflow ?? nothing
}

/** What the form holds for the open workflow: what its name says, until something is typed. */
function draft() {
  const workflow = activeWorkflow()
  const known = drafts.get(workflow)
  const offered = workflowName(workflow.path)
  return known && (isTyped(known) || known.offered === offered) ? known : keepDraft(slug(offered), offered)
}

function isTyped({ name, title, description, offered }) {
  return name !== slug(offered) || title !== offered || description !== ""
}

function keepDraft(name, title = "", description = "") {
  const kept = { name, title, description, offered: workflowName(activeWorkflow().path) }
  drafts.set(activeWorkflow(), kept)
  return kept
}

async function save({ name, title, description }) {
  const { output, workflow } = await app.graphToPrompt()
  const send = (overwrite) =>
    ask(api, ROUTE, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name, title, description, overwrite, output, workflow }),
    })
  try {
    return await send(false)
  } catch (error) {
    if (error.status !== 409) throw error
    return (await confirmOverwriting(name)) ? await send(true) : null
  }
}

function confirmOverwriting(name) {
  return app.extensionManager.dialog.confirm({
    ...TEXTS.overwrite,
    itemList: [name],
    type: "overwrite",
  })
}

async function load(name) {
  const template = await ask(api, `${ROUTE}/${encodeURIComponent(name)}`)
  const before = activeWorkflow().path
  const tab = freeName(template.name, isOpenOrSaved)
  if (template.workflow) await app.loadGraphData(template.workflow, true, true, tab)
  else {
    const problem = graphProblem(template.graph, (type) => Boolean(LiteGraph.registered_node_types[type]))
    if (problem) throw new Error(problem)
    await app.loadApiJson(template.graph, tab)
  }
  await pathChanges(before)
  keepDraft(template.name, template.title, template.description)
  panel?.follow()
  return tab
}

async function rename(name, wanted) {
  const headers = { "Content-Type": "application/json" }
  const options = { method: "POST", headers, body: JSON.stringify({ to: wanted }) }
  await ask(api, `${ROUTE}/${encodeURIComponent(name)}/rename`, options)
}

/** Deletes a template if the user says so; tells whether they did. */
async function remove(name) {
  const isSure = await app.extensionManager.dialog.confirm({
    ...TEXTS.sure,
    itemList: [name],
    type: "delete",
  })
  if (isSure) await ask(api, `${ROUTE}/${encodeURIComponent(name)}`, { method: "DELETE" })
  return Boolean(isSure)
}

/** Whether the page has a workflow of a name: loading under that name would replace what is in its tab. */
function isOpenOrSaved(name) {
  return Boolean(app.extensionManager.workflow?.getWorkflowByPath?.(`workflows/${name}.json`))
}

/** Waits for the new workflow: older pages open its tab a moment after they have loaded the graph. */
async function pathChanges(before) {
  for (let tries = 0; tries < 40; tries++) {
    if (activeWorkflow().path !== before) return
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error(TEXTS.notOpened)
}

/** Has errors pop up as well: the panel may be scrolled away, or closed by now. */
function told(action, summary) {
  return async (...args) => {
    try {
      return await action(...args)
    } catch (error) {
      app.extensionManager.toast.add({ severity: "error", summary, detail: error.message, life: 8000 })
      throw error
    }
  }
}

/** The page calls this anew whenever it feels like it, also for a tab that stays open. */
function render(container) {
  if (panel && container.contains(panel.root)) return
  const parameters = createParametersSection()
  panel = createPanel({
    parameters,
    draft,
    list: async () => (await ask(api, ROUTE)).templates,
    save: told(save, TEXTS.failed.save),
    load: told(load, TEXTS.failed.load),
    rename: told(rename, TEXTS.failed.rename),
    remove: told(remove, TEXTS.failed.remove),
  })
  const styles = STYLES.map((href) => Object.assign(document.createElement("link"), { rel: "stylesheet", href }))
  container.replaceChildren(...styles, panel.root)
  panel.refresh()
  clearInterval(watch)
  watch = setInterval(panel.follow, 250)
  const focused = wanted
  wanted = null
  if (focused) requestAnimationFrame(() => panel?.[focused]()) // it is not in the document yet
}

/** Opens the tab, if it is not open, and puts the focus where a command wants it. */
function open(focused) {
  const tabs = app.extensionManager.sidebarTab
  if (tabs.activeSidebarTabId === TAB && panel) return panel[focused]()
  wanted = focused
  if (tabs.activeSidebarTabId !== TAB) tabs.toggleSidebarTab(TAB)
}

app.registerExtension({
  name: "Switchyard.Templates",
  commands: [
    {
      id: "Switchyard.SaveAsTemplate",
      label: "Save as template",
      icon: "pi pi-sliders-h",
      function: () => open("focusForm"),
    },
    {
      id: "Switchyard.EditParameters",
      label: "Edit parameters",
      icon: "pi pi-list",
      function: () => open("focusParameters"),
    },
    {
      id: "Switchyard.LoadTemplate",
      label: "Load template",
      icon: "pi pi-folder-open",
      function: () => open("focusList"),
    },
  ],
  menuCommands: [{ path: ["File"], commands: ["Switchyard.SaveAsTemplate", "Switchyard.LoadTemplate"] }],
  setup() {
    app.extensionManager.registerSidebarTab({
      id: TAB,
      icon: "pi pi-sliders-h",
      title: TEXTS.title,
      label: "Switch\u00adyard", // newer pages have room for nine letters: else it breaks before the last one
      tooltip: TEXTS.title,
      type: "custom",
      render,
      destroy() {
        clearInterval(watch)
        panel = null
      },
    })
  },
})
