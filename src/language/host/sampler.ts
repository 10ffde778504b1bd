/** Samples from a sequence by node-llama-cpp's samplers. */
import { LlamaGrammarEvaluationState, type LlamaContextSequence, type LlamaModel } from "node-llama-cpp";
import { isImageToken } from "./image-prefill.js";
import type { Held, Sampler, SamplerChoices } from "./text-host.js";
import type { Token } from "./token.js";

/** How far back a token counts as repeated: llama.cpp's default for its repeat penalty. */
const penaltyWindow = 64;

export class SequenceSampler implements Sampler {
  readonly #model: LlamaModel;
  readonly #sequence: LlamaContextSequence;
  readonly #settings: SamplerChoices;
  readonly #held: Held | undefined;
  readonly #grammarState: LlamaGrammarEvaluationState | undefined;

  constructor(model: LlamaModel, sequence: LlamaContextSequence, settings: SamplerChoices, held: Held | undefined) {
    this.#model = model;
    this.#sequence = sequence;
    this.#settings = settings;
    this.#held = held;
    this.#grammarState = held && new LlamaGrammarEvaluationState({ model, grammar: held.grammar });
  }

  after(tokens: readonly Token[]): AsyncIterable<Token> {
    const { temperature = 0, topK = 0, topP = 1, minP = 0, repeatPenalty = 1, seed } = this.#settings;
    const held = this.#held;
    return this.#sequence.evaluate([...tokens], {
      temperature,
      topK,
      topP,
      minP,
      ...(repeatPenalty !== 1 && { repeatPenalty: { penalty: repeatPenalty, punishTokens: () => this.#recent() } }),
      ...(seed === undefined ? {} : { seed }),
      ...(held === undefined ? {} : { tokenBias: held.bias }),
      grammarEvaluationState: () => (held?.isHeld() === true ? this.#grammarState : undefined),
      yieldEogToken: true
    });
  }

  isEnd(token: Token): boolean {
    return this.#model.isEogToken(token);
  }

  /** Images are no words that repeat. */
  #recent(): Token[] {
    return this.#sequence.contextTokens.slice(-penaltyWindow).filter((token) => !isImageToken(token));
  }
}
