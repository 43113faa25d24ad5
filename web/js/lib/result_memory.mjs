/**
 * What nodes showed, by what they were made of: a node that the server keeps from an earlier run shows nothing again,
 * and the same node with the same inputs has the same to say, whatever its id.
 */
import { isLink } from "./run_reach.mjs"

const MOST = 2000

export class ResultMemory {
  #numbers = new Map() // stands for a node with all that is upstream of it
  #outputs = new Map()

  /** @returns {(id: string) => number} the number of a node of this graph; equal numbers, equal nodes */
  numbering(prompt) {
    const known = new Map()
    const number = (id) => {
      if (known.has(id)) return known.get(id)
      const { class_type: classType, inputs = {} } = prompt[id]
      const described = Object.keys(inputs).sort().map((name) => {
        const value = inputs[name]
        return isLink(value) && prompt[value[0]] ? [name, number(value[0]), value[1], "link"] : [name, value]
      })
      const key = JSON.stringify([classType, described])
      if (!this.#numbers.has(key)) this.#numbers.set(key, this.#numbers.size)
      known.set(id, this.#numbers.get(key))
      return known.get(id)
    }
    return number
  }

  /** Remembers what the nodes of a graph showed; nodes of other ids, made while it ran, are left out. */
  remember(prompt, outputs) {
    if (this.#numbers.size > MOST) {
      this.#numbers.clear()
      this.#outputs.clear()
    }
    const number = this.numbering(prompt)
    for (const [id, output] of Object.entries(outputs)) {
      if (output?.switchyard && prompt[id]) this.#outputs.set(number(id), output)
    }
  }

  /** @returns {(id: string) => object | null} what a node of this graph showed when it last ran */
  recall(prompt) {
    const number = this.numbering(prompt)
    return (id) => this.#outputs.get(number(id)) ?? null
  }
}
