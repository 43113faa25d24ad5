/** Asks the server, and has it answer in words if something is wrong. */

export const TEXTS = {
  silent: "ComfyUI's server does not answer. Is it still running?",
  unknown: "Restart ComfyUI: it was started before Switchyard had this.",
  status: (status) => `ComfyUI's server answered with status ${status}.`,
}

/**
 * @param {{fetchApi: (path: string, options: object) => Promise<Response>}} api of the page
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<any>} the JSON that was answered
 * @throws {Error & {status?: number}} whose message is a sentence for a person: the server's own, if it has one
 */
export async function ask(api, path, options) {
  let reply
  try {
    reply = await api.fetchApi(path, { cache: "no-store", ...options })
  } catch {
    throw new Error(TEXTS.silent)
  }
  const answer = await reply.json().catch(() => null)
  if (reply.ok && answer) return answer
  const unknown = !answer && (reply.status === 404 || reply.status === 405)
  const text = answer?.error ?? (unknown ? TEXTS.unknown : TEXTS.status(reply.status))
  throw Object.assign(new Error(text), { status: reply.status })
}
