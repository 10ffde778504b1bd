/** A conversation: turns with their images, and the way of one question from files to answer. */
import { MedGemmaError } from "../errors.js";
import type { SquareImage } from "../image/types.js";
import type { JsonGrammar } from "../language/language-model.js";
import { AnswerCollector } from "./answer-collector.js";
import { checkAskOptions } from "./ask-options.js";
import { writeConversation, type StoredTurn } from "./conversation-file.js";
import { encodeImages, type ModelParts } from "./encode-images.js";
import { Reply } from "./reply.js";
import type { Answer, AnswerImage, AskOptions, ChatTurn, ReplyChunk } from "./types.js";

/** Google's notebooks ask for thinking with this sentence in front of the system text. */
const thinkingInstruction = "SYSTEM INSTRUCTION: think silently if needed.";

/** Google's usual limits: up to 1000 tokens for text, 2000 with thinking (medgemma notebooks). */
const defaultMaxTokens = { plain: 1024, thinking: 2048 };

interface Turn extends StoredTurn {
  readonly report: readonly AnswerImage[];
}

/** A question on its way: its images, and the clock. */
interface Question {
  readonly prompt: string;
  readonly options: AskOptions;
  readonly startedAt: number;
  squares: readonly SquareImage[];
  report: readonly AnswerImage[];
  promptTokens: number;
  /** When the last image was encoded and the language model began. */
  encodedAt: number;
}

export class Chat implements AsyncDisposable {
  /** The system text. A change counts from the next question on. */
  system: string | null;
  readonly #parts: ModelParts;
  readonly #loadMs: number;
  readonly #onDispose: () => void;
  /** sha256 of an image's pixels → its virtual token ids, as long as the conversation may need them. */
  readonly #imageIds = new Map<string, { readonly key: string; readonly ids: ReturnType<ModelParts["language"]["addImage"]> }>();
  readonly #disposing = new AbortController();
  #turns: readonly Turn[] = [];
  /** The end of the last question: questions of one chat follow each other. */
  #last: Promise<unknown> = Promise.resolve();

  /** @internal Users call `MedGemma.createChat`. */
  constructor(
    parts: ModelParts,
    options: { readonly system: string | undefined; readonly loadMs: number; readonly onDispose: () => void }
  ) {
    this.#parts = parts;
    this.system = options.system ?? null;
    this.#loadMs = options.loadMs;
    this.#onDispose = options.onDispose;
  }

  /** The finished exchanges, oldest first. */
  get turns(): readonly ChatTurn[] {
    return this.#turns.map(({ user, report, answer, thought, stopReason }) => ({ user, images: report, answer, thought, stopReason }));
  }

  /**
   * Asks, with the conversation so far as context. A second question waits for the first. A question that fails leaves
   * no trace in the conversation; one that is stopped stays with the part of the answer that there is.
   *
   * @throws (through the reply) MedGemmaError INVALID_ARGUMENT, IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_TOO_LARGE,
   *   MODEL_MISMATCH for images in a text-only model, CONTEXT_FULL, SCHEMA_INVALID, OUT_OF_MEMORY, DISPOSED
   */
  ask(prompt: string, options: AskOptions = {}): Reply {
    const { signal } = options;
    const stop = signal === undefined ? this.#disposing.signal : AbortSignal.any([signal, this.#disposing.signal]);
    const before = this.#last;
    const reply = new Reply(async (emit, replySignal) => {
      this.#ensureUsable();
      checkAskOptions(prompt, options);
      await before;
      return await this.#answer(prompt, options, emit, replySignal);
    }, stop);
    this.#last = reply.then(undefined, () => undefined);
    return reply;
  }

  /** Forgets the exchanges and their images once the running reply has ended; the system text stays. */
  async reset(): Promise<void> {
    await this.#last;
    this.#turns = [];
    for (const { key } of this.#imageIds.values()) this.#parts.language.releaseImage(key);
    this.#imageIds.clear();
  }

  /** Writes the conversation with its images into one file that only its owner can read. @throws MedGemmaError FILE_UNUSABLE */
  async save(path: string): Promise<void> {
    await this.#last;
    await writeConversation(path, { system: this.system, turns: this.#turns });
  }

  /** @internal Takes over the turns of a saved conversation; users call `MedGemma.loadChat`. */
  restore(turns: readonly StoredTurn[]): void {
    const tokens = this.#parts.vision?.facts.tokensPerImage ?? 0;
    this.#turns = turns.map((turn) => ({
      ...turn,
      report: turn.images.map(({ source, width, height, sha256 }) => ({
        source,
        width,
        height,
        sha256,
        tokens,
        encodeMs: 0,
        cached: false
      }))
    }));
  }

  /** Stops a running reply and frees the images. The model stays loaded. */
  async dispose(): Promise<void> {
    this.#disposing.abort();
    await this.reset();
    this.#onDispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #answer(
    prompt: string,
    options: AskOptions,
    emit: (chunk: ReplyChunk) => void,
    signal: AbortSignal
  ): Promise<Answer> {
    const now = performance.now();
    const question: Question = { prompt, options, startedAt: now, squares: [], report: [], promptTokens: 0, encodedAt: now };
    const collected = new AnswerCollector(emit);
    const grammar = options.schema === undefined ? undefined : await this.#parts.language.compileSchema(options.schema);
    try {
      await this.#encode(question, signal);
      await this.#generate(question, grammar, collected, signal);
    } catch (error) {
      const stopped = error instanceof MedGemmaError && error.code === "ABORTED" && signal.aborted;
      if (!stopped) throw error;
    }
    return this.#finish(question, grammar, collected);
  }

  async #encode(question: Question, signal: AbortSignal): Promise<void> {
    const { images = [], fit, onProgress } = question.options;
    // A saved conversation brings pixels; their tokens are made when they are first needed.
    for (const turn of this.#turns) for (const image of turn.images) await this.#ensureTokens(image, signal);
    const encoded = await encodeImages(this.#parts, images, { fit, signal, onProgress });
    for (const { image, result } of encoded) this.#keepTokens(image, result.tokens);
    question.squares = encoded.map(({ image }) => image);
    question.report = encoded.map(({ image: { source, width, height, sha256 }, result: { tokens, encodeMs, cached } }) => ({
      source,
      width,
      height,
      sha256,
      tokens: tokens.tokenCount,
      encodeMs,
      cached
    }));
    question.encodedAt = performance.now();
  }

  async #generate(
    question: Question,
    grammar: JsonGrammar | undefined,
    collected: AnswerCollector,
    signal: AbortSignal
  ): Promise<void> {
    const { think = false, temperature = 0, seed, onProgress } = question.options;
    const idsOf = ({ sha256 }: SquareImage) => this.#imageIds.get(sha256)?.ids ?? [];
    const earlier = this.#turns.map(({ user, images, answer }) => ({ user, images: images.map(idsOf), answer }));
    const current = { user: question.prompt, images: question.squares.map(idsOf), answer: null };
    const tokens = this.#parts.language.renderPrompt(this.#systemText(think), [...earlier, current]);
    question.promptTokens = tokens.length;
    onProgress?.({ stage: "prefill", tokens: tokens.length });
    const events = this.#parts.language.generate(tokens, {
      maxTokens: question.options.maxTokens ?? (think ? defaultMaxTokens.thinking : defaultMaxTokens.plain),
      temperature,
      seed,
      grammar,
      forceThought: think && grammar !== undefined,
      signal
    });
    for await (const event of events) {
      if (event.type === "token" && collected.firstTokenAt === null) onProgress?.({ stage: "generate" });
      collected.add(event);
    }
  }

  /** Keeps the turn and tells how it went. */
  #finish(question: Question, grammar: JsonGrammar | undefined, collected: AnswerCollector): Answer {
    const { text, thought, stopReason, tokens, reusedTokens } = collected;
    const { prompt: user, squares: images, report, startedAt, encodedAt, promptTokens } = question;
    const value = grammar === undefined || stopReason === "aborted" ? {} : { value: grammar.parse(text) };
    // Stopped before the first token, nothing was said: the question is as if it had not been asked.
    if (tokens.length > 0 || stopReason !== "aborted") {
      this.#turns = [...this.#turns, { user, images, report, answer: text, thought, stopReason }];
    }
    const imageTokens = this.#turns.flatMap((turn) => turn.report).reduce((sum, image) => sum + image.tokens, 0);
    const firstTokenAt = collected.firstTokenAt ?? performance.now();
    const decodeMs = (collected.lastTokenAt ?? firstTokenAt) - firstTokenAt;
    return {
      text,
      thought,
      tokens,
      stopReason,
      images: report,
      usage: { promptTokens, imageTokens, reusedTokens, completionTokens: tokens.length },
      timings: {
        loadMs: this.#loadMs,
        encodeMs: report.reduce((sum, image) => sum + image.encodeMs, 0),
        prefillMs: firstTokenAt - encodedAt,
        firstTokenMs: firstTokenAt - startedAt,
        decodeMs,
        // The first token belongs to the prefill; the rate is that of the others.
        tokensPerSecond: decodeMs > 0 ? ((tokens.length - 1) * 1000) / decodeMs : 0
      },
      ...value
    };
  }

  #systemText(think: boolean): string | null {
    if (!think) return this.system;
    return this.system === null ? thinkingInstruction : `${thinkingInstruction} ${this.system}`;
  }

  async #ensureTokens(image: SquareImage, signal: AbortSignal): Promise<void> {
    if (this.#imageIds.has(image.sha256) || this.#parts.vision === null) return;
    this.#keepTokens(image, (await this.#parts.vision.encode(image, { signal })).tokens);
  }

  #keepTokens(image: SquareImage, { key, data }: { readonly key: string; readonly data: Float32Array }): void {
    if (this.#imageIds.has(image.sha256)) return;
    this.#imageIds.set(image.sha256, { key, ids: this.#parts.language.addImage(key, data) });
  }

  #ensureUsable(): void {
    if (this.#disposing.signal.aborted) throw new MedGemmaError("DISPOSED", "This chat was disposed; create another one.");
  }
}
