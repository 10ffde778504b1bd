/** Names from outside → names that are safe in a folder and at a terminal. */

/** Of letters, digits and `.+ -` alone; "model" where nothing is left. */
export function plainName(name: string): string {
  const plain = name.replaceAll(/[^\w.+ -]/g, "_").replace(/^[^\w+]+/, "").trim();
  return plain === "" || /^[._]+$/.test(plain) ? "model" : plain.slice(0, 200);
}
