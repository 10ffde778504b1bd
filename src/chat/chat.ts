/** A conversation with a loaded model: what a program asks of it, and in which order that happens. */
import { checkArgument } from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";
import type { ImageOptions } from "../image/image-options.js";
import { answerQuestion, type AskedQuestion } from "./answer-question.js";
import { optionsOfRequest, partsOfRequest } from "./answer-request.js";
import { checkAskOptions, checkPath, checkRegenerateOptions } from "./ask-options.js";
import { checkRepeatOptions, checkRequest, isRequest } from "./check-request.js";
import type { Conversation } from "./conversation.js";
import { writeConversation } from "./conversation-file.js";
import { withoutProjector, type ModelParts } from "./encode-images.js";
import { encodeQuestion, encodeTurnAgain, shownBefore } from "./encode-question.js";
import { questionOf, type Question } from "./question.js";
import { partsOfQuestion, systemOf, withPreset, type AppliedOptions } from "./question-parts.js";
import type { Reply } from "./reply.js";
import { ReplyQueue } from "./reply-queue.js";
import { readTurn } from "./turns.js";
import type { Answer, AnswerRequest, AskOptions, ChatTurn, PromptPart, Provenance, RepeatOptions } from "./types.js";

/** What a chat gets from the loaded model that makes it. */
export interface ChatHost {
  readonly parts: ModelParts;
  readonly loadMs: number;
  /** Whether questions are sent raw unless they say otherwise. */
  readonly isPretrained: boolean;
  provenance(): Promise<Provenance>;
  /** Frees the chat with the model. @throws MedGemmaError DISPOSED */
  adopt(chat: Chat): void;
  forget(chat: Chat): void;
}

/** A conversation. `MedGemma.createChat` makes one, `MedGemma.loadChat` reads a saved one. */
export class Chat implements AsyncDisposable {
  /** The system text. A change counts from the next question on. */
  system: string | null;
  readonly #host: ChatHost;
  readonly #conversation: Conversation;
  readonly #replies = new ReplyQueue();

  /** @internal Users call `MedGemma.createChat`. */
  constructor(host: ChatHost, system: string | null, conversation: Conversation) {
    this.#host = host;
    this.#conversation = conversation;
    this.system = system;
  }

  /** What was said, oldest first: each question with its images as the model saw them, and its answer. A new chat can begin with it. */
  get turns(): readonly ChatTurn[] {
    return this.#conversation.turns.flatMap(readTurn);
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
    return this.#replies.add(check, options, async (emit, signal) => {
      const question = this.#question(withPreset(options), systemOf(options.preset));
      const parts = partsOfQuestion(prompt, options, question);
      const show = async () => await encodeQuestion(this.#host.parts, this.#conversation, { question, parts, signal });
      return await this.#answer({ question, show, emit, signal });
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
    return this.#replies.add(check, options, async (emit, signal) => {
      const question = this.#question(optionsOfRequest(request, options));
      const show = async () => {
        const side = this.#host.parts.vision?.facts.imageSize;
        if (side === undefined && request.images.length > 0) throw withoutProjector();
        const parts = await partsOfRequest(request, { images: options.images, side: side ?? 0, signal });
        return await encodeQuestion(this.#host.parts, this.#conversation, { question, parts, signal });
      };
      return await this.#answer({ question, show, emit, signal });
    });
  }

  /**
   * Asks the last question again, its images included: for another answer, with another seed, longer, with a thought. The
   * new answer takes the place of the old one, which stays when there is none. Of a preset its options count; its words were said.
   *
   * @throws (through the reply) MedGemmaError as `ask`, and INVALID_ARGUMENT when nothing was asked yet
   */
  regenerate<Value = unknown>(
    options: Omit<AskOptions<Value>, "images" | "priors" | keyof ImageOptions> = {}
  ): Reply<Value> {
    return this.#replies.add<Value>(
      () => checkRegenerateOptions(options),
      options,
      async (emit, signal) => {
        const turn = this.#conversation.turns.at(-1);
        if (turn === undefined)
          throw new MedGemmaError("INVALID_ARGUMENT", "There is no question to answer again. Ask one first.");
        const { series, slide } = turn.request ?? {};
        const applied = withPreset({ ...options, series: series ?? undefined, slide: slide ?? undefined });
        const question = this.#question({ ...applied, raw: applied.raw ?? turn.isRaw });
        const show = async () =>
          await encodeTurnAgain(this.#host.parts, this.#conversation, { question, turn, signal });
        return await this.#conversation.withoutLast(
          async () => await this.#answer({ question, shown: shownBefore(turn), show, emit, signal })
        );
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
    await this.#replies.ended();
    return this.#conversation.rewind(count);
  }

  /** A second conversation that begins with what was said here so far; both go their own ways. */
  async fork(): Promise<Chat> {
    await this.#replies.ended();
    const copy = new Chat(this.#host, this.system, this.#conversation.copy());
    this.#host.adopt(copy);
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
    await this.#replies.ended();
    const provenance = await this.#host.provenance();
    const turns = this.#conversation.turns.map((turn) =>
      turn.request === null ? turn : { ...turn, provenance: turn.provenance ?? provenance }
    );
    await writeConversation(path, { system: this.system, overflow: this.#conversation.overflow, turns });
  }

  /** Stops a running reply and frees the images. The model stays loaded. */
  async dispose(): Promise<void> {
    this.#replies.close();
    await this.reset();
    this.#host.forget(this);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** @param ofPreset The system text of its preset: it counts where the chat has none. */
  #question(options: AppliedOptions, ofPreset: string | null = null): Question {
    return questionOf(options, { system: this.system ?? ofPreset, isRaw: this.#host.isPretrained });
  }

  async #answer<Value>(asked: AskedQuestion): Promise<Answer<Value>> {
    const { parts, loadMs } = this.#host;
    return await answerQuestion({ ...parts, loadMs }, this.#conversation, asked);
  }
}
