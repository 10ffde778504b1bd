/**
 * Tokens that must not come next in an answer held to a grammar, although llama.cpp's grammar takes them.
 *
 * Marks: it takes them for the text of their names, which a JSON string may contain, but they leave no text; and the mark of a
 * thought would end the grammar in the middle of the string. So it does with byte tokens that the file does not type as bytes.
 * Bytes that make no UTF-8: it counts a wrong sequence as one character, but decoded it is several, more than maxLength allows.
 */
import type { Bias, TextHost } from "./host/text-host.js";
import type { Token } from "./host/token.js";
import type { Vocabulary } from "./tokens/vocabulary.js";

type ByteRange = readonly [first: number, last: number];
const continuation: ByteRange = [0x80, 0xbf];
/** Second bytes after leads that allow less: no overlong forms, no surrogates, nothing beyond U+10FFFF (RFC 3629). */
const secondBytes: Readonly<Record<number, ByteRange>> = {
  0xe0: [0xa0, 0xbf],
  0xed: [0x80, 0x9f],
  0xf0: [0x90, 0xbf],
  0xf4: [0x80, 0x8f]
};

export class JsonTokens {
  readonly asUsual: Bias;
  readonly #host: TextHost;
  readonly #vocabulary: Vocabulary;
  /** The nth is byte n; none where llama.cpp does not know all of them for bytes. */
  readonly #bytes: readonly Token[];
  readonly #biases = new Map<string, Bias>();

  constructor(host: TextHost, vocabulary: Vocabulary) {
    this.#host = host;
    this.#vocabulary = vocabulary;
    this.#bytes = vocabulary.bytes.every((token) => host.isByte(token)) ? vocabulary.bytes : [];
    this.asUsual = host.never([]);
  }

  /** @returns The bytes of the character that this token leaves unfinished; none when it is whole. */
  unfinishedAfter(unfinished: readonly number[], token: Token): readonly number[] {
    const byte = this.#bytes.indexOf(token);
    if (byte < 0x80) return []; // no byte, or ASCII
    const [lead = byte] = unfinished;
    const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    return unfinished.length + 1 === length ? [] : [...unfinished, byte];
  }

  /** What must not come after these bytes of an unfinished character. */
  never([lead, ...others]: readonly number[]): Bias {
    const range = lead === undefined ? null : others.length === 0 ? (secondBytes[lead] ?? continuation) : continuation;
    const key = String(range);
    const bias = this.#biases.get(key) ?? this.#host.never(range === null ? this.#neverFirst() : this.#allBut(range));
    this.#biases.set(key, bias);
    return bias;
  }

  #neverFirst(): Token[] {
    const isLead = (byte: number) => byte < 0x80 || (byte >= 0xc2 && byte <= 0xf4);
    return [
      ...this.#vocabulary.marks,
      ...this.#vocabulary.bytes.filter((_, byte) => this.#bytes.length === 0 || !isLead(byte))
    ];
  }

  #allBut([first, last]: ByteRange): Token[] {
    const allowed = new Set(this.#bytes.slice(first, last + 1));
    return [...this.#host.tokens()].filter((token) => !allowed.has(token));
  }
}
