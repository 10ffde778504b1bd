/**
 * The boxes in an answer, as the model wrote them. Models put prose around their JSON, fence it, wrap the list into an object,
 * or are cut off in the middle, so each entry is looked for on its own: the object around every `box_2d` and every `label`.
 * What looks like an entry and cannot be read is returned with the reason, never dropped.
 */

export interface BoxEntry {
  /** As written: anything, not only four numbers. */
  readonly box2d: unknown;
  /** "" where the model gave none. */
  readonly label: string;
  /** The value of `image`, which says which of several images is meant; undefined without. */
  readonly image: unknown;
  /** The entry as it stands in the answer. */
  readonly text: string;
}

export interface UnreadableEntry {
  readonly reason: string;
  readonly text: string;
}

/** A key of an entry, with any quotes or none. A label counts as a key in double quotes only: it is an ordinary word. */
const key = /(?<!\w)["'`]?box_2d["'`]?\s*[:=]|"label"\s*:/g;

/** How many opening braces in front of a key are tried. A brace in a label can stand in the way; a hundred do not. */
const maxCandidates = 16;

/** In the order of the answer. */
export function parseBoxes(answer: string): (BoxEntry | UnreadableEntry)[] {
  const entries: (BoxEntry | UnreadableEntry)[] = [];
  let start = 0;
  let end = 0;
  for (const { index, 0: name } of answer.matchAll(key)) {
    if (index < end) continue; // of an entry that is done
    const found = entryAround(answer, index, end);
    if (found === null && name.startsWith('"label"')) continue; // prose
    if (entries.length === 0) start = found?.start ?? index;
    end = found?.end ?? index + name.length;
    entries.push(found?.entry ?? { reason: "it is not in a JSON object", text: answer.slice(index) });
  }
  const head = answer.slice(0, start);
  const tail = answer.slice(end);
  if (isCutOff(head, tail))
    entries.push({ reason: "the list is cut off here; entries may be missing", text: tail.trim() });
  return entries;
}

interface Found {
  readonly entry: BoxEntry | UnreadableEntry;
  readonly start: number;
  readonly end: number;
}

/** The innermost object around a key that is JSON; else what is wrong with the innermost. null without an opening brace. */
function entryAround(answer: string, keyAt: number, from: number): Found | null {
  const innermost = answer.lastIndexOf("{", keyAt);
  if (innermost < from) return null;
  let start = innermost;
  for (let tried = 0; start >= from && tried < maxCandidates; tried += 1) {
    const end = endOfObject(answer, start);
    const text = answer.slice(start, end ?? undefined);
    const value = end === null ? null : readObject(text);
    if (end !== null && value !== null) return { entry: asEntry(value, text), start, end };
    if (start === 0) break;
    start = answer.lastIndexOf("{", start - 1);
  }
  const end = endOfObject(answer, innermost);
  const reason = end === null ? "it is cut off: its object does not end" : "it is not JSON";
  // Behind one that does not end there may be others that do.
  const next = answer.indexOf("{", keyAt);
  return {
    entry: { reason, text: answer.slice(innermost, end ?? (next < 0 ? undefined : next)) },
    start: innermost,
    end: end ?? keyAt + 1
  };
}

function asEntry(value: Readonly<Record<string, unknown>>, text: string): BoxEntry | UnreadableEntry {
  if ([...text.matchAll(key)].filter(([name]) => name.includes("box_2d")).length > 1)
    return { reason: "it holds more than one box_2d", text };
  if (!("box_2d" in value)) return { reason: "it has no box_2d", text };
  const { box_2d: box2d, label = "", image } = value;
  return { box2d, label: typeof label === "string" ? label : JSON.stringify(label), image, text };
}

/** Whether the answer ends inside of a list: an object, a comma or the list itself was begun, and nothing follows. */
function isCutOff(head: string, tail: string): boolean {
  const isInList = /\[\s*$/.test(head) && /^\s*,?\s*$/.test(tail);
  return isInList || /[[,]\s*\{[^}]*$/.test(tail) || (head === "" && /\[\s*$/.test(tail));
}

/** Behind the brace that closes the one at `start`; null when none does. Braces in strings do not count. */
function endOfObject(text: string, start: number): number | null {
  let depth = 0;
  let isInString = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (isInString) {
      if (character === "\\") at += 1;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === "{") depth += 1;
    else if (character === "}" && --depth === 0) return at + 1;
  }
  return null;
}

function readObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>; // begins with a brace
  } catch {
    return null;
  }
}
