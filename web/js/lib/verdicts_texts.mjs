/** What labels and marks on nodes say beside what the nodes themselves told. */
export const TEXTS = {
  marks: { unused: "did not run", blocked: "blocked" },
  results: (count, shown) => `${count} results: ${shown}`,
  more: (count) => `${count} more`,
  attempt: (number) => `attempt ${number}`,
  picture: (number) => `picture ${number}`,
  face: (number, picture, said) => `${number} (picture ${picture}): ${said}`,
  noNumber: "no number",
}
