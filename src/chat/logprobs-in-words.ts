/** Probabilities of tokens with the texts of these tokens, as answers report them. */
import type { LanguageModel } from "../language/language-model.js";
import type { Logprob } from "../language/logprobs.js";
import type { CollectedLogprob } from "./answer-collector.js";
import type { AnswerLogprob, TokenLogprob } from "./types.js";

export function logprobsInWords(
  language: Pick<LanguageModel, "bytesOf">,
  collected: readonly CollectedLogprob[]
): AnswerLogprob[] {
  const inWords = ({ token, logprob }: Logprob): TokenLogprob => {
    const bytes = language.bytesOf(token);
    return { token, text: new TextDecoder().decode(bytes), bytes: [...bytes], logprob };
  };
  return collected.map(({ token, logprob, top }) => ({ ...inWords({ token, logprob }), top: top.map(inWords) }));
}
