/** What the menu items and commands that change a node say. */
export const TEXTS = {
  swap: "Swap the branches",
  negateTo: (name) => `Turn round: ${name.replaceAll("_", " ")}`,
  nothing: "Select a node first",
  selectSwitch: "Select a Switch; its two branches change places.",
  selectCompare: "Select a Compare whose comparison has an opposite, such as greater than.",
}
