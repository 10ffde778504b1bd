/** "Did you mean …": the known name that is nearest to a mistyped one. Capital letters do not matter. */

/** @returns null when nothing is near enough to be meant */
export function closestName(typed: string, known: readonly string[]): string | null {
  const wanted = typed.toLowerCase();
  let best: string | null = null;
  let bestDistance = mostSlips(wanted.length);
  for (const name of known) {
    const distance = wanted.length > 1 && name.startsWith(wanted) ? 1 : editDistance(wanted, name.toLowerCase());
    if (distance <= bestDistance && !(distance === bestDistance && best !== null))
      [best, bestDistance] = [name, distance];
  }
  return best;
}

/** Short words resemble each other by chance: "ps" is not "ls". */
function mostSlips(length: number): number {
  return length < 3 ? 0 : length < 5 ? 1 : Math.floor(length / 3) + 1;
}

/** Insertions, deletions, replacements, and neighbours in the wrong order, that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      const swapped = i > 0 && j > 0 && a[i] === b[j - 1] && a[i - 1] === b[j] ? (before[j - 1] ?? 0) + 1 : Infinity;
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, replaced, swapped));
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
