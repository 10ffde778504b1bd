/** The demo model under other converters' types of its tokens, and without keys that some files lack. Weights stay as they are. */
import { readFileSync, writeFileSync } from "node:fs";
import { readGgufFileInfo } from "node-llama-cpp";
import { demoText } from "./demo-model.js";

/** GGUF's `tokenizer.ggml.token_type`. */
export const pieceTypes = { NORMAL: 1, UNKNOWN: 2, CONTROL: 3, USER_DEFINED: 4, UNUSED: 5, BYTE: 6 } as const;
export type PieceTypeName = keyof typeof pieceTypes;

export interface Rewriting {
  /** Of a token; undefined: as it is. */
  readonly typeOf?: ((text: string, type: PieceTypeName) => PieceTypeName | undefined) | undefined;
  /** Another text of as many bytes for a token. */
  readonly texts?: Readonly<Record<string, string>>;
  /** Keys that are no longer there. */
  readonly without?: readonly string[];
}

/** Writes the demo's text model anew; nothing in the file moves. */
export async function writeRetyped(path: string, { typeOf, texts = {}, without = [] }: Rewriting): Promise<void> {
  const { metadata } = await readGgufFileInfo(demoText, { sourceType: "filesystem", logWarnings: false });
  const { tokens, token_type: types } = metadata.tokenizer.ggml;
  const bytes = readFileSync(demoText);
  const list = endOf(bytes, "tokenizer.ggml.token_type") + 4 + 4 + 8; // array, of int32, so many
  const names = Object.keys(pieceTypes) as PieceTypeName[];
  tokens.forEach((text, id) => {
    const type = typeOf?.(text, names[(types[id] ?? 1) - 1] ?? "NORMAL");
    if (type !== undefined) bytes.writeInt32LE(pieceTypes[type], list + 4 * id);
  });
  for (const [text, other] of Object.entries(texts)) bytes.write(other, endOf(bytes, text) - Buffer.byteLength(text));
  // A key with another name is one that nobody asks for.
  for (const key of without) bytes.write("-", endOf(bytes, key) - 1);
  writeFileSync(path, bytes);
}

/** Where the first text of this kind ends: GGUF writes its length in front. */
function endOf(bytes: Buffer, text: string): number {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  const whole = Buffer.concat([length, Buffer.from(text)]);
  const start = bytes.indexOf(whole);
  if (start < 0) throw new Error(`The demo model has no ${text}.`);
  return start + whole.length;
}
