/**
 * Keeps control tokens out of an answer by grammar. llama.cpp's grammar takes them for the text of their names, which a JSON
 * string may contain, but they leave no text; and the mark of a thought would end the grammar in the middle of the string.
 */
import { TokenBias, type LlamaModel } from "node-llama-cpp";

export interface ControlTokens {
  readonly never: TokenBias;
  readonly asUsual: TokenBias;
}

/** Looks at the whole vocabulary. */
export function controlTokens(model: LlamaModel): ControlTokens {
  const control = [...model.iterateAllTokens()].filter((token) => model.getTokenAttributes(token).control);
  return { never: TokenBias.for(model).set(control, "never"), asUsual: TokenBias.for(model) };
}
