/** Has the page use one of our stylesheets. The document is not written to: it takes a list of sheets beside its own. */

const sheets = new Map()

/** @param {string} url of a file of ours */
export async function useStyles(url) {
  if (sheets.has(url)) return
  const sheet = new CSSStyleSheet()
  sheets.set(url, sheet)
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
  const reply = await fetch(url)
  if (reply.ok) sheet.replaceSync(await reply.text())
}

/** @returns {(text: string) => void} sets the rules of a sheet of its own */
export function createStyles() {
  const sheet = new CSSStyleSheet()
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
  return (text) => sheet.replaceSync(text)
}
