/** What type an output has that passes one of several inputs on. Pure functions: no page, no graph. */

export const ANY = "*"

/**
 * The type of an output that hands on one of its inputs: the one type that all plugged inputs have in common, else any.
 * @param {(string | number | null | undefined)[]} types one for each input; null or undefined where nothing is plugged in
 * @returns {string}
 */
export function followedType(types) {
  const plugged = types.filter((type) => type !== null && type !== undefined)
  const [first] = plugged
  return typeof first === "string" && first !== "" && plugged.every((type) => type === first) ? first : ANY
}

/**
 * The inputs that a node's wildcard outputs follow: its lazy wildcard inputs, in order. A node that has none of these
 * hands on what it is always given: then the wildcard inputs that are called as a wildcard output is.
 * @param {{input?: {required?: object, optional?: object}, output?: string[], output_name?: string[]}} definition a node
 *   definition as in /object_info
 * @returns {string[]}
 */
export function followedInputs(definition) {
  const inputs = { ...definition.input?.required, ...definition.input?.optional }
  const wildcards = Object.entries(inputs).filter(([, spec]) => spec[0] === ANY)
  const lazy = wildcards.filter(([, spec]) => spec[1]?.lazy)
  const handedOn = wildcardOutputs(definition).map((index) => definition.output_name?.[index])
  const followed = lazy.length ? lazy : wildcards.filter(([name]) => handedOn.includes(name))
  return followed.map(([name]) => name)
}

/**
 * The outputs that take on the type of what is plugged in: those declared as wildcards.
 * @param {{output?: string[]}} definition a node definition as in /object_info
 * @returns {number[]}
 */
export function wildcardOutputs(definition) {
  return (definition.output ?? []).flatMap((type, index) => (type === ANY ? [index] : []))
}

/**
 * The folder that a module of this pack was served from, which is also the pack's name in /object_info.
 * @param {string} url the module's import.meta.url
 * @returns {string | null}
 */
export function packFolder(url) {
  const match = /\/extensions\/([^/]+)\//.exec(new URL(url).pathname)
  return match ? decodeURIComponent(match[1]) : null
}
