/** What the slider says. */
export const TEXTS = {
  before: "Before",
  after: "After",
  line: "Line between before and after",
  value: (before) => `${before} % before`,
  previous: "Previous pair",
  next: "Next pair",
  place: (number, count, picture) => `${number} of ${count}${picture ? `: picture ${picture}` : ""}`,
  empty: "Run the graph to compare the pictures.",
  gone: "The pictures are not there any more. Run the graph again.",
  openBefore: "Open the picture before",
  openAfter: "Open the picture after",
}
