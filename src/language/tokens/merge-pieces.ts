/**
 * Byte pair encoding: begins with single characters and joins the two neighbours whose piece has the highest score, again and
 * again. Hugging Face's tokenizers has the same order in a list of merges, made from the scores (transformers,
 * convert_slow_tokenizer.py): of the ways to make one piece, that with the longest left part comes first, then the leftmost.
 */
import type { Token } from "../host/token.js";
import type { Steps } from "../../shared/time-slices.js";
import type { Vocabulary } from "./vocabulary.js";

/** Two neighbours that make a piece: from `left` to `middle` and from there to `right`, as offsets into the text. */
interface Merge {
  readonly score: number;
  readonly left: number;
  readonly middle: number;
  readonly right: number;
}

/** Characters, merges or pieces between two yields: a fraction of a millisecond. */
const stepLength = 1024;

/** @param text Blanks escaped. Characters that the vocabulary has no piece for become the tokens of their bytes. */
export function* mergePieces(text: string, vocabulary: Vocabulary): Steps<Token[]> {
  // A part is known by where it starts; ends[start] and starts[end] lead to its neighbours.
  const ends = new Int32Array(text.length + 1);
  const starts = new Int32Array(text.length + 1);
  /** Characters that are no pieces, which nothing is merged with. */
  const unknown = new Set<number>();
  const merges = new MergeQueue();
  const offer = (left: number, middle: number, right: number) => {
    if (unknown.has(left) || unknown.has(middle)) return;
    const token = vocabulary.find(text.slice(left, right));
    if (token !== undefined) merges.push({ score: vocabulary.scoreOf(token), left, middle, right });
  };
  yield;
  let done = 0;
  let end = 0;
  for (const character of text) {
    if (++done % stepLength === 0) yield;
    const start = end;
    end += character.length;
    ends[start] = end;
    starts[end] = start;
    if (vocabulary.find(character) === undefined) unknown.add(start);
    if (start > 0) offer(starts[start] ?? 0, start, end);
  }
  for (let merge = merges.pop(); merge !== undefined; merge = merges.pop()) {
    if (++done % stepLength === 0) yield;
    const { left, middle, right } = merge;
    if (ends[left] !== middle || ends[middle] !== right) continue; // a part went into another merge
    ends[left] = right;
    ends[middle] = 0; // no part starts here any more
    starts[right] = left;
    if (left > 0) offer(starts[left] ?? 0, left, right);
    if (right < text.length) offer(left, right, ends[right] ?? 0);
  }
  const tokens: Token[] = [];
  for (let start = 0; start < text.length; start = ends[start] ?? text.length) {
    if (++done % stepLength === 0) yield;
    const part = text.slice(start, ends[start]);
    const token = vocabulary.find(part);
    tokens.push(...(token === undefined ? vocabulary.tokensOfBytes(Buffer.from(part)) : [token]));
  }
  return tokens;
}

/** A binary heap: gives the merge that comes first. */
class MergeQueue {
  readonly #heap: Merge[] = [];

  push(merge: Merge): void {
    const heap = this.#heap;
    let at = heap.push(merge) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(merge, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = merge;
  }

  pop(): Merge | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const [one, other] = [heap[2 * at + 1], heap[2 * at + 2]];
      const isOther = one !== undefined && other !== undefined && isBefore(other, one);
      const best = isOther ? other : one;
      if (best === undefined || !isBefore(best, last)) break;
      heap[at] = best;
      at = 2 * at + (isOther ? 2 : 1);
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Merge, b: Merge): boolean {
  if (a.score !== b.score) return a.score > b.score;
  const [leftOfA, leftOfB] = [a.middle - a.left, b.middle - b.left];
  return leftOfA === leftOfB ? a.left < b.left : leftOfA > leftOfB;
}
