/** Gemma's marks, looked up by their text in the vocabulary of the file: ids and types differ between conversions. */
import type { Token } from "../host/token.js";
import { MedGemmaError } from "../../errors.js";
import type { ModelFile } from "../model-file.js";

export interface SpecialTokens {
  readonly bos: Token;
  readonly startOfTurn: Token;
  readonly endOfTurn: Token;
  /** Around the tokens of an image; null in a model that knows no images. */
  readonly imageMarks: TokenPair | null;
  /** Around a thought. MedGemma 1.5 uses <unused94> and <unused95>; 96 and 97 are seen in the field. */
  readonly thoughtMarks: readonly TokenPair[];
  /** Each of them ends an answer. llama.cpp has a list of its own, with </s> on it: an HTML tag in Gemma's vocabulary. */
  readonly ends: ReadonlySet<Token>;
}

export interface TokenPair {
  readonly open: Token;
  readonly close: Token;
}

/** @throws MedGemmaError MODEL_MISMATCH when the vocabulary has no turn marks */
export function findSpecialTokens({ path, info }: Pick<ModelFile, "path" | "info">): SpecialTokens {
  const { tokens, eos_token_id: eos, eot_token_id: eot } = info.metadata.tokenizer.ggml;
  const find = (text: string): Token | null => {
    const id = tokens.indexOf(text);
    return id < 0 ? null : (id as Token);
  };
  const findPair = (openText: string, closeText: string): TokenPair | null => {
    const open = find(openText);
    const close = find(closeText);
    return open === null || close === null ? null : { open, close };
  };
  const bos = find("<bos>");
  const turnMarks = findPair("<start_of_turn>", "<end_of_turn>");
  if (bos === null || turnMarks === null) {
    throw new MedGemmaError(
      "MODEL_MISMATCH",
      `${path} has no <bos>, <start_of_turn> or <end_of_turn> in its vocabulary: it is not an instruction-tuned Gemma 3.`
    );
  }
  const isToken = (id: number | null | undefined): id is Token => id !== null && id !== undefined;
  return {
    bos,
    startOfTurn: turnMarks.open,
    endOfTurn: turnMarks.close,
    imageMarks: findPair("<start_of_image>", "<end_of_image>"),
    thoughtMarks: [findPair("<unused94>", "<unused95>"), findPair("<unused96>", "<unused97>")].filter(
      (pair) => pair !== null
    ),
    ends: new Set([turnMarks.close, find("<eos>"), eos, eot].filter(isToken))
  };
}
