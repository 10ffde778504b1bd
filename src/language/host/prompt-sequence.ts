/** One sequence of the context: brings it to a prompt, decoding only what it does not hold already. */
import type { LlamaContext, LlamaContextSequence, LlamaModel } from "node-llama-cpp";
import { isImageToken, type ImagePrefill } from "./image-prefill.js";
import { PromptLookup } from "./prompt-lookup.js";
import { SequenceSampler } from "./sampler.js";
import type { DecodeWatcher, Held, HostSequence, Sampler, SamplerChoices } from "./text-host.js";
import type { Token } from "./token.js";

export class PromptSequence implements HostSequence {
  readonly #sequence: LlamaContextSequence;
  readonly #model: LlamaModel;
  readonly #context: LlamaContext;
  readonly #images: ImagePrefill;
  readonly #lookup: PromptLookup | null;

  constructor(
    model: LlamaModel,
    context: LlamaContext,
    images: ImagePrefill,
    options: { readonly promptLookup: boolean }
  ) {
    this.#model = model;
    this.#context = context;
    this.#images = images;
    this.#lookup = options.promptLookup ? new PromptLookup(isImageToken) : null;
    // A restored checkpoint may lack the part of the sliding window in front of it; see #align.
    const checkpoints = { max: 0, interval: false } as const;
    this.#sequence = context.getSequence(
      this.#lookup === null ? { checkpoints } : { checkpoints, tokenPredictor: this.#lookup }
    );
  }

  get length(): number {
    return this.#sequence.nextTokenIndex;
  }

  commonLength(prompt: readonly Token[]): number {
    return this.#sequence.compareContextTokens([...prompt]).firstDifferentIndex;
  }

  async prefill(
    prompt: readonly Token[],
    signal: AbortSignal | undefined
  ): Promise<{ undecoded: Token[]; reusedTokens: number }> {
    const reusedTokens = await this.#align(prompt);
    this.#lookup?.updateInputTokens([...prompt]);
    let from = reusedTokens;
    while (prompt.length - from > this.#context.batchSize && signal?.aborted !== true) {
      const to = this.#images.boundaryAtOrAfter(prompt, from + this.#context.batchSize);
      if (to >= prompt.length) break;
      await this.decode(prompt.slice(from, to));
      from = to;
    }
    return { undecoded: prompt.slice(from), reusedTokens };
  }

  async decode(tokens: readonly Token[]): Promise<void> {
    await this.#sequence.evaluateWithoutGeneratingNewTokens([...tokens]);
  }

  watch(watcher: DecodeWatcher): Disposable {
    return this.#images.watch(this.#sequence, watcher);
  }

  sampler(settings: SamplerChoices, held?: Held): Sampler {
    return new SequenceSampler(this.#model, this.#sequence, settings, held);
  }

  async readLogits(prompt: readonly Token[], from: number): Promise<Map<number, Float32Array>> {
    return await this.#images.readLogits(this.#sequence, prompt, from);
  }

  /**
   * Rolls the sequence back to the longest common prefix with the prompt and returns its length.
   *
   * node-llama-cpp removes the cells behind the prefix, but does not ask whether the sliding window in front of it is
   * still there: the cache of the local layers keeps only about a window and a batch. Without this check, an edit far
   * back in a long conversation would silently compute other logits. Decoding again from the start is always right.
   */
  async #align(prompt: readonly Token[]): Promise<number> {
    const sequence = this.#sequence;
    const wanted = prompt.slice(0, -1); // the last token is always decoded: its logits are needed
    const common = this.#images.boundaryAtOrBefore(prompt, this.commonLength(wanted));
    const window = this.#model.fileInsights.swaSize ?? 0;
    // A token at position p sees those from p - window + 1 on.
    const firstNeeded = Math.max(0, common - window + 1);
    if (window > 0 && sequence.stateCellsStartIndex > firstNeeded) await sequence.clearHistory();
    else if (common < sequence.nextTokenIndex) await sequence.adaptStateToTokens(wanted.slice(0, common), false);
    return sequence.nextTokenIndex;
  }
}
