/**
 * The prompt of a conversation. A turn stands between control tokens, so its tokens do not depend on its neighbours: each turn
 * is tokenised once, and a long conversation is counted from its end, in slices between which the process lives.
 */
import { MedGemmaError } from "../errors.js";
import type { LanguageModel } from "../language/language-model.js";
import { TimeSlices } from "../shared/time-slices.js";

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

export class ConversationPrompt {
  readonly #language: LanguageModel;
  readonly #tokensPerImage: number;
  /** Tokens of a turn without <bos>, with placeholders for those of images; by the text in front of the first turn. */
  readonly #rendered = new WeakMap<
    CountedTurn,
    { system: string | null; readonly plain: PromptTokens; withSystem: PromptTokens }
  >();

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
  async fit(
    system: string | null,
    turns: readonly CountedTurn[],
    question: CountedTurn,
    options: FitOptions
  ): Promise<number> {
    const { maxTokens, overflow, signal } = options;
    const { contextSize } = this.#language;
    const room = Math.min(maxTokens, Math.floor(contextSize / 4));
    const slices = new TimeSlices("The question", signal);
    const lengthOf = async (turn: CountedTurn, first: string | null) =>
      (await this.#tokensOf(turn, first, slices)).length;
    // A text of megabytes is refused before it is tokenised.
    const least = Math.floor(
      question.parts.reduce((sum, part) => sum + (typeof part === "string" ? part.length : 0), 0) /
        this.#language.longestPiece
    );
    if (least > contextSize) throw this.#full(least, question, maxTokens, 0);
    const own = await lengthOf(question, null);
    const mayDrop = overflow === "dropOldest";
    /** Tokens of the prompt that begins with a turn, by the number of that turn, for the last ones. */
    const lengths = new Map<number, number>();
    let later = 1 + own;
    let whole = 1 + (await lengthOf(question, system));
    for (let index = turns.length - 1; index >= 0; index -= 1) {
      const turn = turns[index];
      if (turn === undefined) break;
      whole = later + (await lengthOf(turn, system));
      lengths.set(index, whole);
      later += await lengthOf(turn, null);
      if (mayDrop && whole + room > contextSize) break;
      await slices.breathe();
    }
    let dropped = 0;
    if (mayDrop && whole + room > contextSize) {
      // Half of the context at once: whatever is dropped, all that follows is decoded again, so it should be rare.
      const kept = [...lengths].filter(([, length]) => length <= contextSize / 2).map(([index]) => index);
      dropped = Math.min(turns.length, ...kept);
      whole = dropped < turns.length ? (lengths.get(dropped) ?? 0) : 1 + (await lengthOf(question, system));
    }
    if (whole < contextSize) return dropped;
    throw this.#full(whole, question, maxTokens, whole - own);
  }

  /** Tokens of a question that begins a conversation. */
  async count(system: string | null, question: CountedTurn): Promise<number> {
    return 1 + (await this.#tokensOf(question, system, new TimeSlices("Counting tokens", undefined))).length;
  }

  /**
   * @param turns With the ids of all squares of their pictures, in order.
   * @param question As `turns`.
   * @throws MedGemmaError ABORTED
   */
  async render(
    system: string | null,
    turns: readonly (readonly [CountedTurn, readonly (readonly Token[])[]])[],
    question: readonly [CountedTurn, readonly (readonly Token[])[]],
    signal: AbortSignal
  ): Promise<PromptTokens> {
    const slices = new TimeSlices("The question", signal);
    const prompt: PromptTokens = [this.#language.special.bos];
    for (const [index, [turn, ids]] of [...turns, question].entries()) {
      const rests = ids.map((square) => square.values());
      for (const token of await this.#tokensOf(turn, index === 0 ? system : null, slices)) {
        const id = token >= 0 ? token : rests[-1 - token]?.next().value;
        if (id === undefined)
          throw new MedGemmaError("INTERNAL", "An image of the conversation has no tokens. Please report it.");
        prompt.push(id);
      }
      await slices.breathe();
    }
    return prompt;
  }

  async #tokensOf(turn: CountedTurn, system: string | null, slices: TimeSlices): Promise<PromptTokens> {
    const known = this.#rendered.get(turn);
    if (known !== undefined && (system === null || system === known.system))
      return system === null ? known.plain : known.withSystem;
    const tokens = await this.#tokenize(turn, system, slices);
    if (known === undefined)
      this.#rendered.set(turn, {
        system,
        plain: system === null ? tokens : await this.#tokenize(turn, null, slices),
        withSystem: tokens
      });
    else Object.assign(known, { system, withSystem: tokens });
    return tokens;
  }

  /** −1 for every token of the first square, −2 for every one of the second … */
  async #tokenize(
    { parts, answer, isRaw = false }: CountedTurn,
    system: string | null,
    slices: TimeSlices
  ): Promise<PromptTokens> {
    let square = 0;
    const placeholder = () => new Array<Token>(this.#tokensPerImage).fill(((square += 1), -square) as Token);
    const user = parts.map((part): LanguagePart => {
      if (typeof part === "string") return part;
      const whole = placeholder();
      return part.squares === 1 ? whole : { whole, crops: Array.from({ length: part.squares - 1 }, placeholder) };
    });
    return (await slices.run(this.#language.renderInSteps(system, [{ user, answer }], { isRaw }))).slice(1);
  }

  #full(needed: number, question: CountedTurn, maxTokens: number, others: number): MedGemmaError {
    const { contextSize } = this.#language;
    const images = question.parts.filter((part) => typeof part !== "string").length;
    const perImage = (needed - others) / Math.max(1, images);
    const fitting = Math.max(0, Math.floor((contextSize - 1 - others) / perImage));
    const wanted = Math.ceil((needed + maxTokens) / 1024) * 1024;
    const fewer =
      images < 2
        ? "Shorten it, start a new one"
        : fitting < 1
          ? "Show fewer images, start a new conversation"
          : `Of its ${images} images ${fitting} would fit: show fewer`;
    return new MedGemmaError(
      "CONTEXT_FULL",
      `This conversation needs ${inWords(needed)} tokens and room for an answer; the context holds ${inWords(contextSize)}. ` +
        `${fewer}, or load with contextSize ${wanted}.`,
      { remedy: { option: "contextSize", value: wanted } }
    );
  }
}

function inWords(count: number): string {
  return count.toLocaleString("en");
}
