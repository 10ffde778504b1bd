/** "Did you mean …": the known name that is nearest to a mistyped one. */

/** @returns null when nothing is near enough to be meant */
export function closestName(typed: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.floor(typed.length / 3) + 1;
  for (const name of known) {
    const distance = name.startsWith(typed) ? 1 : editDistance(typed, name);
    if (distance <= bestDistance && !(distance === bestDistance && best !== null)) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** Levenshtein: insertions, deletions and replacements that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
