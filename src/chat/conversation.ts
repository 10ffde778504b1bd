/** What was asked and answered so far, which of it the model still sees, and how it reads it with the next question. */
import { squaresOf, type SquareImage } from "../image/types.js";
import { countedPartsOf, imagesOf, type StoredPart } from "./content.js";
import type { StoredTurn } from "./conversation-file.js";
import { ConversationImages } from "./conversation-images.js";
import { ConversationPrompt, type CountedPart, type CountedTurn, type PromptTokens } from "./conversation-prompt.js";
import { describeImage, type ModelParts } from "./encode-images.js";
import { countedQuestion, type Question } from "./question.js";
import type { AnswerImage, ChatOptions } from "./types.js";

/** `provenance` is null in a turn that the loaded model answered, which tells it when it is saved. */
export interface Turn extends StoredTurn {
  readonly report: readonly AnswerImage[];
  readonly counted: CountedTurn;
}

export class Conversation {
  readonly overflow: NonNullable<ChatOptions["overflow"]>;
  /** The images whose tokens the language model has. */
  readonly images: ConversationImages;
  readonly #parts: ModelParts;
  readonly #prompt: ConversationPrompt;
  #turns: readonly Turn[];
  /** Oldest turns that are not sent any more, as the context has no room for them. */
  #droppedTurns = 0;

  constructor(
    parts: ModelParts,
    { overflow = "dropOldest", turns = [] }: Pick<ChatOptions, "overflow"> & { readonly turns?: readonly StoredTurn[] }
  ) {
    this.overflow = overflow;
    this.images = new ConversationImages(parts.language);
    this.#parts = parts;
    const { tokensPerImage } = this;
    this.#prompt = new ConversationPrompt(parts.language, tokensPerImage);
    const reportOf = (image: SquareImage) =>
      describeImage(image, { tokens: squaresOf(image).length * tokensPerImage, encodeMs: 0, cached: false });
    this.#turns = turns.map((turn) => withCount({ ...turn, report: imagesOf(turn.content).map(reportOf) }));
  }

  /** Of one square; 0 for a text-only model. */
  get tokensPerImage(): number {
    return this.#parts.vision?.facts.tokensPerImage ?? 0;
  }

  /** Oldest first. */
  get turns(): readonly Turn[] {
    return this.#turns;
  }

  get droppedTurns(): number {
    return this.#droppedTurns;
  }

  /** The turns that the model sees. */
  get sentTurns(): readonly Turn[] {
    return this.#turns.slice(this.#droppedTurns);
  }

  /** The same so far, with images that are not encoded. */
  copy(): Conversation {
    const copy = new Conversation(this.#parts, { overflow: this.overflow });
    copy.#turns = this.#turns;
    copy.#droppedTurns = this.#droppedTurns;
    return copy;
  }

  add(turn: Omit<Turn, "counted">): void {
    this.#turns = [...this.#turns, withCount(turn)];
  }

  /** Forgets the last turns. @returns how many went */
  rewind(count: number): number {
    const kept = Math.max(0, this.#turns.length - Math.max(0, Math.floor(count)));
    const gone = this.#turns.length - kept;
    this.#keep(kept);
    this.releaseUnused();
    return gone;
  }

  /** @param replace Adds a turn in place of the last one, which comes back where it does not. */
  async withoutLast<Result>(replace: () => Promise<Result>): Promise<Result> {
    const turns = this.#turns;
    this.#keep(turns.length - 1);
    try {
      return await replace();
    } finally {
      if (this.#turns.length < turns.length) this.#turns = turns;
    }
  }

  /** Leaves out the oldest turns where the context is short. @throws MedGemmaError CONTEXT_FULL, ABORTED */
  async makeRoom(question: Question, parts: readonly CountedPart[], signal: AbortSignal): Promise<void> {
    this.#droppedTurns += await this.#prompt.fit(
      question.opening,
      this.sentTurns.map(({ counted }) => counted),
      countedQuestion(question, parts),
      { maxTokens: question.sampling.maxTokens, overflow: this.overflow, signal }
    );
  }

  /** The whole prompt. @throws MedGemmaError ABORTED */
  async promptFor(question: Question, content: readonly StoredPart[], signal: AbortSignal): Promise<PromptTokens> {
    return await this.#render(question, countedPartsOf(content), this.#idsOf(content), signal);
  }

  /** What the model reads before the image that follows on these texts of the question. @throws MedGemmaError ABORTED */
  async promptBeforeImage(question: Question, texts: readonly string[], signal: AbortSignal): Promise<PromptTokens> {
    const marker = -1 as PromptTokens[number]; // in place of the image's tokens
    const image = new Array<typeof marker>(this.tokensPerImage).fill(marker);
    const prompt = await this.#render(question, [...texts, { squares: 1 }], [image], signal);
    return prompt.slice(0, prompt.indexOf(marker));
  }

  /** The images that a question speaks of; where it has none, those that were shown last. */
  imagesMeantBy(content: readonly StoredPart[]): readonly SquareImage[] {
    const shown = [...this.sentTurns.map((turn) => turn.content), content].map(imagesOf);
    return shown.findLast((images) => images.length > 0) ?? [];
  }

  /** Lets go of the images that no turn shows. */
  releaseUnused(): void {
    this.images.keepOnly(this.sentTurns.flatMap((turn) => imagesOf(turn.content)));
  }

  #keep(count: number): void {
    this.#turns = this.#turns.slice(0, count);
    this.#droppedTurns = Math.min(this.#droppedTurns, count);
  }

  async #render(
    question: Question,
    parts: readonly CountedPart[],
    ids: readonly (readonly PromptTokens[number][])[],
    signal: AbortSignal
  ): Promise<PromptTokens> {
    return await this.#prompt.render(
      question.opening,
      this.sentTurns.map(({ counted, content }) => [counted, this.#idsOf(content)] as const),
      [countedQuestion(question, parts), ids],
      signal
    );
  }

  #idsOf(content: readonly StoredPart[]): (readonly PromptTokens[number][])[] {
    return imagesOf(content).flatMap((image) => this.images.idsOf(image));
  }
}

function withCount(turn: Omit<Turn, "counted">): Turn {
  return { ...turn, counted: { parts: countedPartsOf(turn.content), answer: turn.answer, isRaw: turn.isRaw } };
}
