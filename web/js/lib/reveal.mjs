/** Brings a node into view, also one in a subgraph that is not open. */

/**
 * @param {object} canvas the page's canvas
 * @param {object} node
 * @param {HTMLElement | undefined} cover an element that covers the lower part of the canvas
 * @returns {Promise<void>}
 */
export async function reveal(canvas, node, cover) {
  if (canvas.graph !== node.graph) {
    canvas.setGraph(node.graph)
    await nextFrame() // the page goes back to where this graph was looked at last, and does so two frames later
    await nextFrame()
    await nextFrame()
  }
  canvas.deselectAll?.()
  canvas.selectNode(node)
  canvas.centerOnNode(node)
  canvas.ds.offset[1] -= covered(canvas, cover) / 2 / canvas.ds.scale
  canvas.setDirty(true, true)
}

function nextFrame() {
  return new Promise((done) => {
    const late = setTimeout(done, 100) // a page in the background draws no frames
    requestAnimationFrame(() => {
      clearTimeout(late)
      done()
    })
  })
}

/** How many pixels of the canvas, from below, something lies over. */
function covered(canvas, cover) {
  const whole = canvas.canvas.getBoundingClientRect()
  const top = cover?.getBoundingClientRect().top
  return top > whole.top && top < whole.bottom ? whole.bottom - top : 0
}
