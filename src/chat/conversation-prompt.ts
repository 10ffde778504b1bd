/**
 * The prompt of a conversation. A turn stands between control tokens, so its tokens do not depend on its neighbours: each turn
 * is tokenised once, and a long conversation is counted from its end, in slices between which the process lives.
 */
import { abortedError, MedGemmaError } from "../errors.js";
import type { LanguageModel } from "../language/language-model.js";

export type PromptTokens = ReturnType<LanguageModel["renderPrompt"]>;
type Token = PromptTokens[number];
type LanguagePart = Parameters<LanguageModel["renderPrompt"]>[1][number]["user"][number];

/** A piece of a turn: a text, or how many squares a picture has, the whole one first. */
export type CountedPart = string | { readonly squares: number };

/** A turn as it is counted. The object is its identity: it is tokenised once. */
export interface CountedTurn {
  readonly parts: readonly CountedPart[];
  /** null for the question that is to be answered. */
  readonly answer: string | null;
  /** Without the template: it is the whole prompt. */
  readonly isRaw?: boolean | undefined;
}

export interface FitOptions {
  /** Tokens that the answer may have. */
  readonly maxTokens: number;
  readonly overflow: "dropOldest" | "error";
  readonly signal: AbortSignal;
}

/** The event loop is given a turn after so many milliseconds. */
const slice = 8;

export class ConversationPrompt {
  readonly #language: LanguageModel;
  readonly #tokensPerImage: number;
  /** Tokens of a turn without <bos>, with placeholders for those of images; by the text in front of the first turn. */
  readonly #rendered = new WeakMap<CountedTurn, { system: string | null; readonly plain: PromptTokens; withSystem: PromptTokens }>();

  /** @param tokensPerImage Of one square; 0 for a text-only model. */
  constructor(language: LanguageModel, tokensPerImage: number) {
    this.#language = language;
    this.#tokensPerImage = tokensPerImage;
  }

  /**
   * Which of the earlier turns have room beside the question.
   *
   * @param turns Oldest first.
   * @returns how many of the oldest have none
   * @throws MedGemmaError CONTEXT_FULL that says what would fit, ABORTED
   */
  async fit(system: string | null, turns: readonly CountedTurn[], question: CountedTurn, options: FitOptions): Promise<number> {
    const { maxTokens, overflow, signal } = options;
    const { contextSize } = this.#language;
    const room = Math.min(maxTokens, Math.floor(contextSize / 4));
    const own = this.#lengthOf(question, null);
    const mayDrop = overflow === "dropOldest";
    /** Tokens of the prompt that begins with a turn, by the number of that turn, for the last ones. */
    const lengths = new Map<number, number>();
    let later = 1 + own;
    let since = performance.now();
    let whole = 1 + this.#lengthOf(question, system);
    for (let index = turns.length - 1; index >= 0; index -= 1) {
      const turn = turns[index];
      if (turn === undefined) break;
      whole = later + this.#lengthOf(turn, system);
      lengths.set(index, whole);
      later += this.#lengthOf(turn, null);
      if (mayDrop && whole + room > contextSize) break;
      if (signal.aborted) throw abortedError("The question", signal);
      if (performance.now() - since > slice) {
        await new Promise((resolve) => setImmediate(resolve));
        since = performance.now();
      }
    }
    let dropped = 0;
    if (mayDrop && whole + room > contextSize) {
      // Half of the context at once: whatever is dropped, all that follows is decoded again, so it should be rare.
      const kept = [...lengths].filter(([, length]) => length <= contextSize / 2).map(([index]) => index);
      dropped = Math.min(turns.length, ...kept);
      whole = dropped < turns.length ? (lengths.get(dropped) ?? 0) : 1 + this.#lengthOf(question, system);
    }
    if (whole < contextSize) return dropped;
    throw this.#full(whole, question, maxTokens, whole - own);
  }

  /**
   * @param turns With the ids of all squares of their pictures, in order.
   * @param question As `turns`.
   */
  render(system: string | null, turns: readonly (readonly [CountedTurn, readonly (readonly Token[])[]])[], question: readonly [CountedTurn, readonly (readonly Token[])[]]): PromptTokens {
    const prompt: PromptTokens = [this.#language.special.bos];
    [...turns, question].forEach(([turn, ids], index) => {
      const rests = ids.map((square) => square.values());
      for (const token of this.#tokensOf(turn, index === 0 ? system : null)) {
        const id = token >= 0 ? token : rests[-1 - token]?.next().value;
        if (id === undefined) throw new MedGemmaError("INTERNAL", "An image of the conversation has no tokens. Please report it.");
        prompt.push(id);
      }
    });
    return prompt;
  }

  #lengthOf(turn: CountedTurn, system: string | null): number {
    return this.#tokensOf(turn, system).length;
  }

  #tokensOf(turn: CountedTurn, system: string | null): PromptTokens {
    const known = this.#rendered.get(turn);
    if (known !== undefined && (system === null || system === known.system)) return system === null ? known.plain : known.withSystem;
    const tokens = this.#tokenize(turn, system);
    if (known === undefined) this.#rendered.set(turn, { system, plain: system === null ? tokens : this.#tokenize(turn, null), withSystem: tokens });
    else Object.assign(known, { system, withSystem: tokens });
    return tokens;
  }

  /** −1 for every token of the first square, −2 for every one of the second … */
  #tokenize({ parts, answer, isRaw }: CountedTurn, system: string | null): PromptTokens {
    let square = 0;
    const placeholder = () => new Array<Token>(this.#tokensPerImage).fill(((square += 1), -square) as Token);
    const user = parts.map((part): LanguagePart => {
      if (typeof part === "string") return part;
      const whole = placeholder();
      return part.squares === 1 ? whole : { whole, crops: Array.from({ length: part.squares - 1 }, placeholder) };
    });
    const turns = [{ user, answer }];
    return (isRaw === true ? this.#language.renderRawPrompt(turns) : this.#language.renderPrompt(system, turns)).slice(1);
  }

  #full(needed: number, question: CountedTurn, maxTokens: number, others: number): MedGemmaError {
    const { contextSize } = this.#language;
    const images = question.parts.filter((part) => typeof part !== "string").length;
    const perImage = (needed - others) / Math.max(1, images);
    const fitting = Math.max(0, Math.floor((contextSize - 1 - others) / perImage));
    const wanted = Math.ceil((needed + maxTokens) / 1024) * 1024;
    const fewer = images < 2 ? "Shorten it, start a new one" : fitting < 1 ? "Show fewer images, start a new conversation" : `Of its ${images} images ${fitting} would fit: show fewer`;
    return new MedGemmaError(
      "CONTEXT_FULL",
      `This conversation needs ${inWords(needed)} tokens and room for an answer; the context holds ${inWords(contextSize)}. ` +
        `${fewer}, or load with contextSize ${wanted} (--context ${wanted}).`
    );
  }
}

function inWords(count: number): string {
  return count.toLocaleString("en");
}
