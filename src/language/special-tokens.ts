/** Gemma's control tokens, looked up by their text in the loaded vocabulary: ids differ between conversions. */
import type { LlamaModel, Token } from "node-llama-cpp";
import { MedGemmaError } from "../errors.js";

export interface SpecialTokens {
  readonly bos: Token;
  readonly startOfTurn: Token;
  readonly endOfTurn: Token;
  /** null in a model without image marks. */
  readonly startOfImage: Token | null;
  readonly endOfImage: Token | null;
  /** Marks around a thought. MedGemma 1.5 uses 94 and 95; 96 and 97 are seen in the field. */
  readonly thoughtMarks: readonly { readonly open: Token; readonly close: Token }[];
}

/** @throws MedGemmaError MODEL_MISMATCH when the vocabulary has no turn marks */
export function findSpecialTokens(model: LlamaModel, path: string): SpecialTokens {
  const find = (text: string): Token | null => {
    const tokens = model.tokenize(text, true);
    const [token] = tokens;
    return tokens.length === 1 && token !== undefined && model.isSpecialToken(token) ? token : null;
  };
  const findPair = (openText: string, closeText: string) => {
    const open = find(openText);
    const close = find(closeText);
    return open === null || close === null ? [] : [{ open, close }];
  };
  const bos = model.tokens.bos;
  const startOfTurn = find("<start_of_turn>");
  const endOfTurn = find("<end_of_turn>");
  if (bos === null || startOfTurn === null || endOfTurn === null) {
    throw new MedGemmaError(
      "MODEL_MISMATCH",
      `${path} has no <bos>, <start_of_turn> or <end_of_turn> among its control tokens: it is not an instruction-tuned Gemma 3.`
    );
  }
  return {
    bos,
    startOfTurn,
    endOfTurn,
    startOfImage: find("<start_of_image>"),
    endOfImage: find("<end_of_image>"),
    thoughtMarks: [...findPair("<unused94>", "<unused95>"), ...findPair("<unused96>", "<unused97>")]
  };
}
