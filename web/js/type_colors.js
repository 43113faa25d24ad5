/**
 * Colors for the types of links that have none: face detectors, boxes, SEGS, crops.
 *
 * A palette that is chosen empties the table of the classic canvas, so it is filled again; what a palette or another pack
 * sets counts.
 */
import { app } from "../../../scripts/app.js"
import { createStyles } from "./lib/styles.mjs"
import { colorRules, fillColors } from "./lib/type_colors.mjs"

function fill() {
  const tables = [app.canvas?.default_connection_color_byType, app.canvas?.constructor.link_type_colors]
  const lacked = tables.filter((table) => table && fillColors(table))
  if (lacked.length) app.canvas.setDirty(true, true)
}

app.registerExtension({
  name: "Switchyard.TypeColors",
  setup() {
    createStyles()(colorRules())
    fill()
    // A palette writes its variables there, after it has emptied the table.
    new MutationObserver(fill).observe(document.documentElement, { attributes: true, attributeFilter: ["style"] })
  },
  afterConfigureGraph: fill,
})
