/**
 * Which tab a run was queued from. Runs are remembered for longer than their tabs are open, and a tab holds its workflow
 * and all its steps for undo: it is not kept from being forgotten once it is closed.
 */
export class RunOrigins {
  #tabs = new WeakMap()

  /**
   * @param {object} run
   * @param {object | null | undefined} tab
   */
  remember(run, tab) {
    if (tab) this.#tabs.set(run, new WeakRef(tab))
  }

  /** @returns {object | undefined} undefined if nobody knows, or if the tab was closed and is gone */
  tabOf(run) {
    return this.#tabs.get(run)?.deref()
  }
}
