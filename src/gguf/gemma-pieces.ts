/** Which pieces of Gemma's vocabulary are more than text. Types in files differ by converter; the text of a piece does not. */

/** Token types of llama.cpp (llama.h, `enum llama_token_type`), which are SentencePiece's. */
export const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** Gemma 3's tokenizer.json, `added_tokens`: those that the model's formats are made of, and those that nobody may write. */
const control = new Set([
  "<pad>",
  "<eos>",
  "<bos>",
  "<mask>",
  "[multimodal]",
  "<start_of_turn>",
  "<end_of_turn>",
  "<start_of_image>",
  "<end_of_image>",
  "<image_soft_token>"
]);

/** The same list: names of HTML elements that are one piece each, opened and closed. */
const elements =
  /^<\/?(?:table|caption|thead|tbody|tfoot|tr|th|td|h[1-6]|blockquote|strong|em|b|i|u|s|sub|sup|code|a|html|body|img|span|bbox|ul|li|div|iframe|footer)>$/;

/** The type that llama.cpp's own converter gives to a piece of Gemma 3. */
export function gemmaTokenType(piece: string): number {
  if (control.has(piece) || /^<unused\d+>$/.test(piece)) return tokenTypes.control;
  if (piece === "<unk>") return tokenTypes.unknown;
  if (/^<0x[0-9A-F]{2}>$/.test(piece)) return tokenTypes.byte;
  // Runs that are cut out of a text before anything else is looked for; one blank alone is an ordinary piece.
  if (/^(?:\n+|\t+|▁{2,})$/.test(piece) || elements.test(piece)) return tokenTypes.userDefined;
  return tokenTypes.normal;
}
