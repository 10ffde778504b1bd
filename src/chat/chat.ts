/** A conversation: turns with their images, and the way of one question from files to answer. */
import { randomInt } from "node:crypto";
import { checkArgument } from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";
import type { ImageOptions } from "../image/image-options.js";
import { squaresOf, type SquareImage } from "../image/types.js";
import { pick, withDefaults } from "../shared/option.js";
import type { JsonGrammar } from "../language/json-grammar.js";
import type { Logprob } from "../language/logprobs.js";
import { summaryOf } from "../series/summary.js";
import type { SeriesSummary } from "../series/types.js";
import { summaryOfSlide } from "../slide/summary.js";
import type { SlideSummary } from "../slide/types.js";
import { AnswerCollector, type CollectedLogprob } from "./answer-collector.js";
import { samplerOptions } from "../language/host/sampler-options.js";
import {
  checkRepeatOptions,
  checkRequest,
  isRequest,
  optionsOfRequest,
  partsOfRequest,
  requestImages
} from "./answer-request.js";
import { checkAskOptions, checkPath, checkRegenerateOptions } from "./ask-options.js";
import { countedPartsOf, imagesOf, type StoredPart } from "./content.js";
import { ConversationImages } from "./conversation-images.js";
import { writeConversation, type StoredTurn } from "./conversation-file.js";
import { ConversationPrompt, type CountedPart, type CountedTurn, type PromptTokens } from "./conversation-prompt.js";
import {
  describeEncoded,
  describeImage,
  encodeAgain,
  encodeImages,
  withoutProjector,
  type ModelParts
} from "./encode-images.js";
import { partsOfQuestion, squaresAtLeast, withPreset, type AppliedOptions } from "./question-parts.js";
import { placeImages } from "./raw-prompt.js";
import { locateBoxes } from "./locate-boxes.js";
import { Reply } from "./reply.js";
import { systemText } from "./system-text.js";
import { readTurn } from "./turns.js";
import type {
  Answer,
  AnswerImage,
  AnswerLogprob,
  AnswerRequest,
  AskOptions,
  ChatOptions,
  ChatTurn,
  PromptPart,
  Provenance,
  RepeatOptions,
  ReplyChunk,
  TokenLogprob
} from "./types.js";

/** Google's usual limits: up to 1000 tokens for text, 2000 with thinking (medgemma notebooks). */
const defaultMaxTokens = { plain: 1024, thinking: 2048 };

/** `provenance` is null in a turn that the loaded model answered, which tells it when it is saved. */
interface Turn extends StoredTurn {
  readonly report: readonly AnswerImage[];
  readonly counted: CountedTurn;
}

/** A question on its way: its content, and the clock. */
interface Question {
  readonly options: AppliedOptions;
  system: string | null;
  readonly isRaw: boolean;
  readonly sampling: AnswerRequest["sampling"];
  readonly startedAt: number;
  content: readonly StoredPart[];
  report: readonly AnswerImage[];
  /** What was spent on images of earlier turns. */
  earlierEncodeMs: number;
  series: SeriesSummary | null;
  slide: SlideSummary | null;
  promptTokens: number;
  /** How many tokens the context held before anything was read ahead; null when nothing was. */
  reusedTokens: number | null;
  /** When the last image was encoded and the language model began. */
  encodedAt: number;
}

/** What a chat gets from the loaded model that makes it. */
export interface ChatHost {
  readonly parts: ModelParts;
  readonly loadMs: number;
  /** Whether questions are sent raw unless they say otherwise. */
  readonly isPretrained: boolean;
  provenance(): Promise<Provenance>;
  /** A further chat on the same model. */
  fork(options: Omit<ChatOptions, "turns">, turns: readonly StoredTurn[]): Chat;
  forget(chat: Chat): void;
}

/** A conversation. `MedGemma.createChat` makes one, `MedGemma.loadChat` reads a saved one. */
export class Chat implements AsyncDisposable {
  /** The system text. A change counts from the next question on. */
  system: string | null;
  readonly #host: ChatHost;
  readonly #overflow: NonNullable<ChatOptions["overflow"]>;
  readonly #images: ConversationImages;
  readonly #prompt: ConversationPrompt;
  readonly #disposing = new AbortController();
  #turns: readonly Turn[] = [];
  /** Oldest turns that are not sent any more, as the context has no room for them. */
  #droppedTurns = 0;
  /** The end of the last question: questions of one chat follow each other. */
  #last: Promise<unknown> = Promise.resolve();
  /** Questions that have not ended. */
  #asked = 0;

  /** @internal Users call `MedGemma.createChat`. */
  constructor(
    host: ChatHost,
    { system, overflow = "dropOldest" }: Omit<ChatOptions, "turns">,
    turns: readonly StoredTurn[]
  ) {
    this.#host = host;
    this.#overflow = overflow;
    this.#images = new ConversationImages(host.parts.language);
    this.#prompt = new ConversationPrompt(host.parts.language, host.parts.vision?.facts.tokensPerImage ?? 0);
    this.system = system ?? null;
    const tokensPerImage = host.parts.vision?.facts.tokensPerImage ?? 0;
    const reportOf = (image: SquareImage) =>
      describeImage(image, { tokens: squaresOf(image).length * tokensPerImage, encodeMs: 0, cached: false });
    this.#turns = turns.map((turn) => ({
      ...turn,
      report: imagesOf(turn.content).map(reportOf),
      counted: { parts: countedPartsOf(turn.content), answer: turn.answer, isRaw: turn.isRaw }
    }));
  }

  /** What was said, oldest first: each question with its images as the model saw them, and its answer. A new chat can begin with it. */
  get turns(): readonly ChatTurn[] {
    return this.#turns.flatMap(readTurn);
  }

  /** Asks what another answer's record says, `Answer.request`: the same words, images, and sampling. */
  ask(request: AnswerRequest, options?: RepeatOptions): Reply;
  /**
   * Asks, with the conversation so far as context. A second question waits for the first. A question that fails leaves
   * no trace in the conversation; one that is stopped stays with the part of the answer that there is.
   *
   * @param prompt Text, or texts and images in the order that the model shall see them.
   * @throws (through the reply) MedGemmaError INVALID_ARGUMENT, IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_TOO_LARGE,
   *   MODEL_MISMATCH for images in a text-only model, CONTEXT_FULL, SCHEMA_INVALID, OUT_OF_MEMORY, DISPOSED
   */
  ask<Value = unknown>(prompt: string | readonly PromptPart[], options?: AskOptions<Value>): Reply<Value>;
  ask(prompt: string | readonly PromptPart[] | AnswerRequest, options: AskOptions | RepeatOptions = {}): Reply {
    return isRequest(prompt) ? this.#askAgain(prompt, options) : this.#ask(prompt, options);
  }

  #ask(prompt: string | readonly PromptPart[], options: AskOptions): Reply {
    const check = (): void => {
      checkAskOptions(prompt, options);
      checkAskOptions(prompt, withPreset(options));
    };
    return this.#reply(check, options, async (emit, signal) => {
      const asked = partsOfQuestion(prompt, options);
      const applied = withPreset(options);
      const parts = this.#isRaw(applied) ? placeImages(asked) : asked;
      const fill = async (question: Question): Promise<void> => {
        if (typeof options.preset === "object") question.system ??= options.preset.system;
        await this.#encode(question, parts, signal);
      };
      return await this.#answer(fill, applied, emit, signal);
    });
  }

  #askAgain(request: AnswerRequest, options: RepeatOptions): Reply {
    const check = (): void => {
      checkRequest(request);
      checkRepeatOptions(request, options);
      if ((this.system ?? "") === (request.system ?? "")) return;
      throw new MedGemmaError(
        "INVALID_ARGUMENT",
        "The request was asked with another system text than this chat has. Create a chat with the request's: createChat({ system: request.system })."
      );
    };
    return this.#reply(check, options, async (emit, signal) => {
      const fill = async (question: Question): Promise<void> => {
        const side = this.#host.parts.vision?.facts.imageSize;
        if (side === undefined && request.images.length > 0) throw withoutProjector();
        await this.#encode(
          question,
          await partsOfRequest(request, { images: options.images, side: side ?? 0, signal }),
          signal
        );
      };
      return await this.#answer(fill, optionsOfRequest(request, options), emit, signal);
    });
  }

  /**
   * Asks the last question again, its images included: for another answer, with another seed, longer, with a thought. The
   * new answer takes the place of the old one, which stays when there is none.
   *
   * @throws (through the reply) MedGemmaError as `ask`, and INVALID_ARGUMENT when nothing was asked yet
   */
  regenerate<Value = unknown>(
    options: Omit<AskOptions<Value>, "images" | "priors" | "preset" | keyof ImageOptions> & {
      readonly preset?: string | undefined;
    } = {}
  ): Reply<Value> {
    return this.#reply<Value>(
      () => checkRegenerateOptions(options),
      options,
      async (emit, signal) => {
        const turns = this.#turns;
        const last = turns.at(-1);
        if (last === undefined)
          throw new MedGemmaError("INVALID_ARGUMENT", "There is no question to answer again. Ask one first.");
        this.#turns = turns.slice(0, -1);
        this.#droppedTurns = Math.min(this.#droppedTurns, this.#turns.length);
        try {
          return await this.#answer(
            async (question) => {
              recall(question, last);
              await this.#makeRoom(question, last.counted.parts, signal);
              await this.#encodeEarlier(question, 0, signal);
            },
            { ...options, raw: options.raw ?? last.counted.isRaw },
            emit,
            signal
          );
        } finally {
          if (this.#turns.length < turns.length) this.#turns = turns;
        }
      }
    );
  }

  /**
   * Forgets the last exchanges, once the running reply has ended: to ask anew, or something else.
   *
   * @param count How many; Infinity: all.
   * @returns how many went
   */
  async rewind(count = 1): Promise<number> {
    checkArgument("The number of exchanges", count, {
      expected: "a number",
      holds: (value) => typeof value === "number" && !Number.isNaN(value)
    });
    await this.#last;
    const kept = Math.max(0, this.#turns.length - Math.max(0, Math.floor(count)));
    const gone = this.#turns.length - kept;
    this.#turns = this.#turns.slice(0, kept);
    this.#droppedTurns = Math.min(this.#droppedTurns, kept);
    this.#releaseUnused();
    return gone;
  }

  /** A second conversation that begins with what was said here so far; both go their own ways. */
  async fork(): Promise<Chat> {
    await this.#last;
    const copy = this.#host.fork({ system: this.system, overflow: this.#overflow }, []);
    copy.#turns = this.#turns;
    copy.#droppedTurns = this.#droppedTurns;
    return copy;
  }

  /** Forgets the exchanges and their images once the running reply has ended; the system text stays. */
  async reset(): Promise<void> {
    await this.rewind(Infinity);
  }

  /**
   * Writes the conversation with its images, and what each answer depends on, into one file that only its owner can read.
   *
   * @throws MedGemmaError FILE_UNUSABLE, INVALID_ARGUMENT
   */
  async save(path: string): Promise<void> {
    checkPath(path);
    await this.#last;
    const provenance = await this.#host.provenance();
    const turns = this.#turns.map((turn) =>
      turn.request === null ? turn : { ...turn, provenance: turn.provenance ?? provenance }
    );
    await writeConversation(path, { system: this.system, overflow: this.#overflow, turns });
  }

  /** Stops a running reply and frees the images. The model stays loaded. */
  async dispose(): Promise<void> {
    this.#disposing.abort();
    await this.reset();
    this.#host.forget(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** @param check Of what the caller gave; what it throws is the reply's failure. */
  #reply<Value>(
    check: () => void,
    options: AskOptions<Value>,
    run: ConstructorParameters<typeof Reply<Value>>[0]
  ): Reply<Value> {
    const problem = problemOf(check);
    const signal = problem === null ? options.signal : undefined;
    const stop = signal === undefined ? this.#disposing.signal : AbortSignal.any([signal, this.#disposing.signal]);
    const before = this.#last;
    const reply = new Reply(async (emit, replySignal) => {
      this.#ensureUsable();
      if (problem !== null) throw problem;
      if (this.#asked > 0) options.onProgress?.({ stage: "waiting" });
      this.#asked += 1;
      try {
        await before;
        return await run(emit, replySignal);
      } finally {
        this.#asked -= 1;
      }
    }, stop);
    this.#last = reply.then(undefined, () => undefined);
    return reply;
  }

  async #answer<Value>(
    fill: (question: Question) => Promise<void> | void,
    options: AppliedOptions,
    emit: (chunk: ReplyChunk) => void,
    signal: AbortSignal
  ): Promise<Answer<Value>> {
    const now = performance.now();
    this.#ensureStandsAlone(options);
    const question: Question = {
      options,
      system: this.system,
      isRaw: this.#isRaw(options),
      sampling: samplingOf(options),
      startedAt: now,
      content: [],
      report: [],
      earlierEncodeMs: 0,
      series: options.series === undefined ? null : summaryOf(options.series),
      slide: options.slide === undefined ? null : summaryOfSlide(options.slide),
      promptTokens: 0,
      reusedTokens: null,
      encodedAt: now
    };
    const collected = new AnswerCollector(emit);
    const grammar =
      options.schema === undefined ? undefined : await this.#host.parts.language.compileSchema(options.schema);
    try {
      await fill(question);
      question.encodedAt = performance.now();
      await this.#generate(question, grammar, collected, signal);
    } catch (error) {
      this.#releaseUnused();
      const stopped = error instanceof MedGemmaError && error.code === "ABORTED" && signal.aborted;
      if (!stopped) throw error;
    }
    return await this.#finish(question, grammar, collected);
  }

  #isRaw({ raw = this.#host.isPretrained }: AskOptions): boolean {
    return raw;
  }

  /** @throws MedGemmaError INVALID_ARGUMENT for what a raw question would leave out without a word */
  #ensureStandsAlone(options: AskOptions): void {
    const isRaw = this.#isRaw(options);
    const fail = (what: string): never => {
      throw new MedGemmaError("INVALID_ARGUMENT", `A raw question is the whole prompt, ${what}.`);
    };
    if (this.#turns.some(({ counted }) => isRaw || counted.isRaw === true))
      fail("so it cannot be part of a conversation. Ask it, and the next question, in new chats");
    if (isRaw && this.system !== null && this.system !== "")
      fail("so it has no system text. Put it in front of the question");
    if (isRaw && options.think === true) fail("so it has no thought. Leave think out");
  }

  async #encode(question: Question, parts: readonly PromptPart[], signal: AbortSignal): Promise<void> {
    const { fit, aspect, window, frame, onProgress } = question.options;
    const sources = parts.flatMap((part) => (typeof part === "string" ? [] : [part.image]));
    // Before the slow part begins: counted by what is known of the images, and again when one turns out to have crops.
    const squares = sources.map((source) => squaresAtLeast(source, fit));
    const count = async () => {
      const counts = squares.values();
      const counted = parts.map((part) => (typeof part === "string" ? part : { squares: counts.next().value ?? 1 }));
      await this.#makeRoom(question, counted, signal);
    };
    await count();
    const earlier = await this.#encodeEarlier(question, sources.length, signal);
    const encoded = await this.#readingAhead(parts, question, signal, async () => {
      return await encodeImages(this.#host.parts, sources, {
        fit,
        aspect,
        window,
        frame,
        signal,
        onProgress: (progress) =>
          onProgress?.(
            progress.stage === "encode"
              ? { ...progress, image: earlier + progress.image, images: earlier + progress.images }
              : progress
          ),
        onPrepared: async (image, index) => {
          const all = squaresOf(image).length;
          if (all === squares[index]) return;
          squares[index] = all;
          await count();
        }
      });
    });
    for (const { image, result } of encoded.flatMap((picture) => [picture, ...picture.crops]))
      this.#images.add(image, result.tokens);
    const images = encoded.map(({ image }) => image);
    let next = 0;
    question.content = parts.flatMap((part): StoredPart[] =>
      typeof part === "string" ? [part] : images.slice(next, (next += 1))
    );
    question.report = encoded.map(describeEncoded);
  }

  /** Lets the language model read what stands in front of the first image while that is encoded. */
  async #readingAhead<Result>(
    parts: readonly PromptPart[],
    question: Question,
    signal: AbortSignal,
    encode: () => Promise<Result>
  ): Promise<Result> {
    const { language } = this.#host.parts;
    const first = parts.findIndex((part) => typeof part !== "string");
    const isKnown = this.#sentTurns().every((turn) =>
      imagesOf(turn.content)
        .flatMap(squaresOf)
        .every((square) => this.#images.has(square))
    );
    if (first < 0 || !isKnown) return await encode();
    const before = parts.slice(0, first).filter((part) => typeof part === "string");
    const marker = -1 as PromptTokens[number]; // in place of the image's tokens
    const tokensPerImage = this.#host.parts.vision?.facts.tokensPerImage ?? 0;
    const asked = { parts: [...before, { squares: 1 }], answer: null, isRaw: question.isRaw };
    const wholePrompt = await this.#prompt.render(
      systemText(question.system, question.options.think),
      this.#sentTurnsWithIds(),
      [asked, [new Array<typeof marker>(tokensPerImage).fill(marker)]],
      signal
    );
    const beginning = wholePrompt.slice(0, wholePrompt.indexOf(marker));
    // Close to the end of the context the oldest turns may have to go first.
    if (beginning.length > language.contextSize / 2) return await encode();

    const stop = new AbortController();
    const reading = language.readAhead(beginning, AbortSignal.any([stop.signal, signal]));
    try {
      const [result, reusedTokens] = await Promise.all([encode(), reading]);
      question.reusedTokens = reusedTokens;
      return result;
    } finally {
      stop.abort();
      await reading.catch(() => undefined);
    }
  }

  async #generate(
    question: Question,
    grammar: JsonGrammar | undefined,
    collected: AnswerCollector,
    signal: AbortSignal
  ): Promise<void> {
    const { think = false, logprobs, priority, onProgress } = question.options;
    const { seed, thoughtBudget, ...sampling } = question.sampling;
    const asked = { parts: countedPartsOf(question.content), answer: null, isRaw: question.isRaw };
    const ids = imagesOf(question.content).flatMap((image) => this.#images.idsOf(image));
    const tokens = await this.#prompt.render(
      systemText(question.system, question.options.think),
      this.#sentTurnsWithIds(),
      [asked, ids],
      signal
    );
    question.promptTokens = tokens.length;
    const events = this.#host.parts.language.generate(tokens, {
      ...sampling,
      seed: seed ?? undefined,
      logprobs,
      priority,
      grammar,
      forceThought: think && grammar !== undefined,
      thoughtBudget: thoughtBudget ?? undefined,
      onWaiting: (ahead) => onProgress?.({ stage: "waiting", ahead }),
      onBegin: () => onProgress?.({ stage: "prefill", tokens: tokens.length }),
      signal
    });
    for await (const event of events) {
      if (event.type === "token" && collected.firstTokenAt === null) onProgress?.({ stage: "generate" });
      collected.add(event);
    }
  }

  /** Leaves out the oldest turns where the context is short. @throws MedGemmaError CONTEXT_FULL, ABORTED */
  async #makeRoom(question: Question, parts: readonly CountedPart[], signal: AbortSignal): Promise<void> {
    const turns = this.#sentTurns().map(({ counted }) => counted);
    const { maxTokens } = question.sampling;
    this.#droppedTurns += await this.#prompt.fit(
      systemText(question.system, question.options.think),
      turns,
      { parts, answer: null, isRaw: question.isRaw },
      { maxTokens, overflow: this.#overflow, signal }
    );
  }

  /**
   * A saved or forked conversation brings pixels; their tokens are made when they are first sent.
   *
   * @param others Images of the question, which count with them.
   * @returns how many images there were
   */
  async #encodeEarlier(question: Question, others: number, signal: AbortSignal): Promise<number> {
    const { vision } = this.#host.parts;
    if (vision === null) return 0;
    const isKnown = (image: SquareImage) => squaresOf(image).every((square) => this.#images.has(square));
    const unknown = [...this.#sentTurns(), question]
      .flatMap(({ content }) => imagesOf(content))
      .filter((image) => !isKnown(image));
    const images = [...new Map(unknown.map((image) => [image.sha256, image])).values()];
    for (const [index, image] of images.entries()) {
      const onLayer = (layer: number, layers: number) =>
        question.options.onProgress?.({
          stage: "encode",
          image: index + 1,
          images: images.length + others,
          layer,
          layers
        });
      const onWaiting = (): void => question.options.onProgress?.({ stage: "waiting" });
      for (const { square, result } of await encodeAgain(vision, image, { signal, onLayer, onWaiting })) {
        this.#images.add(square, result.tokens);
        question.earlierEncodeMs += result.encodeMs;
      }
    }
    // The same picture cut differently has other crops.
    return images.length + (unknown.every(isKnown) ? 0 : await this.#encodeEarlier(question, others, signal));
  }

  /** Keeps the turn and tells how it went. */
  async #finish<Value>(
    question: Question,
    grammar: JsonGrammar | undefined,
    collected: AnswerCollector
  ): Promise<Answer<Value>> {
    const { text, thought, stopReason, tokens } = collected;
    const { content, options, report, startedAt, encodedAt, promptTokens } = question;
    const reusedTokens = Math.min(question.reusedTokens ?? Infinity, collected.reusedTokens);
    const located = (options.boxes ?? text.includes("box_2d")) ? locateBoxes(text, this.#imagesMeantBy(content)) : {};
    const hasValue = grammar !== undefined && stopReason !== "aborted";
    const value = hasValue
      ? { value: (await grammar.parse({ text, isEnded: stopReason === "end", tokens: tokens.length })) as Value }
      : {};
    const request = requestOf(question, grammar);
    const imageTokens = [...this.#sentTurns().flatMap((turn) => turn.report), ...report].reduce(
      (sum, image) => sum + image.tokens,
      0
    );
    // Stopped before the first token, nothing was said: the question is as if it had not been asked.
    if (tokens.length > 0 || stopReason !== "aborted") {
      const counted = { parts: countedPartsOf(content), answer: text, isRaw: question.isRaw };
      this.#turns = [
        ...this.#turns,
        {
          content,
          report,
          answer: text,
          thought,
          stopReason,
          isRaw: question.isRaw,
          request,
          provenance: null,
          counted
        }
      ];
    }
    this.#releaseUnused();
    const firstTokenAt = collected.firstTokenAt ?? performance.now();
    const decodeMs = (collected.lastTokenAt ?? firstTokenAt) - firstTokenAt;
    return {
      text,
      thought,
      tokens,
      stopReason,
      images: report,
      request,
      usage: {
        promptTokens,
        imageTokens,
        reusedTokens,
        completionTokens: tokens.length,
        thoughtTokens: collected.thoughtTokens,
        droppedTurns: this.#droppedTurns
      },
      timings: {
        loadMs: this.#host.loadMs,
        encodeMs: report.reduce((sum, image) => sum + image.encodeMs, question.earlierEncodeMs),
        prefillMs: firstTokenAt - encodedAt,
        firstTokenMs: firstTokenAt - startedAt,
        decodeMs,
        // The first token belongs to the prefill; the rate is that of the others.
        tokensPerSecond: decodeMs > 0 ? ((tokens.length - 1) * 1000) / decodeMs : 0
      },
      ...value,
      ...(options.logprobs === undefined ? {} : { logprobs: collected.logprobs.map((each) => this.#inWords(each)) }),
      ...located
    };
  }

  #inWords({ token, logprob, top }: CollectedLogprob): AnswerLogprob {
    const described = (one: Logprob): TokenLogprob => {
      const bytes = this.#host.parts.language.bytesOf(one.token);
      return { token: one.token, text: new TextDecoder().decode(bytes), bytes: [...bytes], logprob: one.logprob };
    };
    return { ...described({ token, logprob }), top: top.map(described) };
  }

  /** The images of a question; where it has none, those that were shown last. */
  #imagesMeantBy(content: readonly StoredPart[]): SquareImage[] {
    const shown = [...this.#sentTurns().map((turn) => turn.content), content].map(imagesOf);
    return shown.findLast((images) => images.length > 0) ?? [];
  }

  #sentTurnsWithIds() {
    return this.#sentTurns().map(
      ({ counted, content }) => [counted, imagesOf(content).flatMap((image) => this.#images.idsOf(image))] as const
    );
  }

  #sentTurns(): readonly Turn[] {
    return this.#turns.slice(this.#droppedTurns);
  }

  #releaseUnused(): void {
    this.#images.keepOnly(this.#sentTurns().flatMap((turn) => imagesOf(turn.content)));
  }

  #ensureUsable(): void {
    if (this.#disposing.signal.aborted)
      throw new MedGemmaError("DISPOSED", "This chat was disposed; create another one.");
  }
}

function problemOf(check: () => void): Error | null {
  try {
    check();
    return null;
  } catch (error) {
    return error as Error;
  }
}

function samplingOf(options: AskOptions): AnswerRequest["sampling"] {
  const { think = false, seed, schema, stop = [], thoughtBudget } = options;
  const sampler = withDefaults(samplerOptions, pick(samplerOptions, options));
  const maxTokens = options.maxTokens ?? (think ? defaultMaxTokens.thinking : defaultMaxTokens.plain);
  return {
    ...sampler,
    seed: sampler.temperature === 0 ? null : (seed ?? randomInt(2 ** 32)),
    stop,
    maxTokens,
    // A thought without end would leave no room for the object.
    thoughtBudget: thoughtBudget ?? (think && schema !== undefined ? Math.ceil(maxTokens / 2) : null)
  };
}

function requestOf(
  { options, system, isRaw, sampling, content, series, slide }: Question,
  grammar: JsonGrammar | undefined
): AnswerRequest {
  let images = 0;
  const prompt = content.map((part) => (typeof part === "string" ? part : { image: images++ }));
  return {
    raw: isRaw,
    system,
    prompt,
    images: requestImages(content),
    preset: options.preset ?? null,
    series,
    slide,
    think: options.think ?? false,
    schema: grammar?.schema ?? null,
    sampling
  };
}

/** Fills a question with what was asked before. */
function recall(question: Question, { content, report, request }: Turn): void {
  question.content = content;
  question.series = request?.series ?? null;
  question.slide = request?.slide ?? null;
  question.report = report.map((image) => ({ ...image, encodeMs: 0, cached: true }));
}
