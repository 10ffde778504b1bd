/** A loaded MedGemma: text model and, where it has one, image tower. Makes chats; owns and frees everything. */
import { MedGemmaError } from "../errors.js";
import type { ImageOptions } from "../image/image-options.js";
import { prepareImage } from "../image/prepare.js";
import type { ImageSource, PixelBox, SquareImage } from "../image/types.js";
import type { LlamaRuntime } from "../language/llama.js";
import type { MissedGpu } from "../native/missed-gpu.js";
import { loadAddon } from "../native/load-addon.js";
import {
  checkChatOptions,
  checkCountArguments,
  checkEncodeArguments,
  checkLoadChatOptions,
  checkPath
} from "./ask-options.js";
import { Chat } from "./chat.js";
import { Conversation } from "./conversation.js";
import { ConversationPrompt } from "./conversation-prompt.js";
import { readConversation, type StoredTurn } from "./conversation-file.js";
import {
  describeEncoded,
  encodeImages,
  withoutProjector,
  type EncodeOptions,
  type ModelParts
} from "./encode-images.js";
import { countedQuestion, questionOf } from "./question.js";
import { countSquares, partsOfQuestion, systemOf, withPreset } from "./question-parts.js";
import { checkTurns, storeTurns } from "./turns.js";
import type {
  AnswerImage,
  AskOptions,
  ChatOptions,
  LoadChatOptions,
  LoadedModel,
  PromptPart,
  Provenance
} from "./types.js";

/** A model without a chat around it. */
export interface LoadedParts {
  readonly model: LoadedModel;
  readonly parts: ModelParts;
  readonly runtime: LlamaRuntime;
  readonly provenance: () => Promise<Provenance>;
}

/** An image and its tokens. */
export interface EncodedImage extends Omit<AnswerImage, "tokens" | "crops"> {
  /** Of the whole picture: (tokenCount, hiddenSize), row-major. */
  readonly tokens: Float32Array;
  /** With the fit "crops": where each crop lies in the picture, and its tokens, as those of the whole. */
  readonly crops?: readonly (PixelBox & { readonly tokens: Float32Array })[];
  /** Tokens of one square. */
  readonly tokenCount: number;
  /** Width of a token's embedding. */
  readonly hiddenSize: number;
}

/**
 * A loaded model. Its chats share the weights, and the tokens of images that were encoded before.
 *
 * @example
 * ```ts
 * await using medgemma = await loadMedGemma("demo");
 * await using chat = await medgemma.createChat();
 * const { text } = await chat.ask("Describe the image.", { images: ["film.png"] });
 * ```
 */
export class MedGemma implements AsyncDisposable {
  /** What was loaded, and where it computes. */
  readonly model: LoadedModel;
  /** Milliseconds that loading took. */
  readonly loadMs: number;
  readonly #parts: ModelParts;
  readonly #describe: () => Promise<Provenance>;
  #provenance: Promise<Provenance> | undefined;
  readonly #chats = new Set<Chat>();
  #disposal: Promise<void> | undefined;

  /** @internal Users call `loadMedGemma`. */
  constructor({ model, parts, provenance }: Omit<LoadedParts, "runtime">, loadMs: number) {
    this.model = model;
    this.loadMs = loadMs;
    this.#parts = parts;
    this.#describe = provenance;
  }

  /** False for a text-only model, or when no projector was found. */
  get acceptsImages(): boolean {
    return this.#parts.vision !== null;
  }

  /** Tokens that a conversation with its answers can have. */
  get contextSize(): number {
    return this.#parts.language.contextSize;
  }

  /** A GPU backend whose drivers are present but which failed its trial, with the reason; another backend is used. */
  get missedGpu(): MissedGpu | null {
    return this.#parts.language.missedGpu;
  }

  /** Images are encoded on the CPU, many times slower, because the GPU's memory does not hold the projector beside the text model. */
  get visionFellBack(): boolean {
    return this.model.visionGpu === "off" && this.model.gpu !== "off";
  }

  /** Side in pixels of the square that the tower sees; null without a tower. */
  get imageSize(): number | null {
    return this.#parts.vision?.facts.imageSize ?? null;
  }

  /** Tokens that one image, or one crop of it, takes of the context; null without a tower. */
  get tokensPerImage(): number | null {
    return this.#parts.vision?.facts.tokensPerImage ?? null;
  }

  /**
   * A new conversation. As many as `LoadOptions.parallel` are answered at the same time; more take turns.
   *
   * @throws MedGemmaError INVALID_ARGUMENT, DISPOSED; for images in `turns` as `Chat.ask`
   */
  async createChat(options: ChatOptions = {}): Promise<Chat> {
    this.#ensureUsable();
    checkChatOptions(options);
    checkTurns(options.turns);
    const turns = await storeTurns(options.turns ?? [], async (image, asked) => await this.#prepare(image, asked));
    return this.#newChat(options, turns);
  }

  async #prepare(image: ImageSource, options: ImageOptions): Promise<SquareImage> {
    if (this.imageSize === null) throw withoutProjector();
    return await prepareImage(image, { side: this.imageSize, ...options });
  }

  #newChat({ system = null, overflow }: Omit<ChatOptions, "turns">, turns: readonly StoredTurn[]): Chat {
    const host = {
      parts: this.#parts,
      loadMs: this.loadMs,
      isPretrained: this.model.isPretrained,
      provenance: () => this.provenance(),
      adopt: (chat: Chat) => {
        this.#ensureUsable();
        this.#chats.add(chat);
      },
      forget: (chat: Chat) => this.#chats.delete(chat)
    };
    const chat = new Chat(host, system, new Conversation(this.#parts, { overflow, turns }));
    host.adopt(chat);
    return chat;
  }

  /**
   * Programs, files and machine that the answers come from. The sha256 of a file comes from the record of a pull or import;
   * of another file it is computed, once: 2 seconds for 3 GB.
   *
   * @throws MedGemmaError FILE_UNUSABLE, DISPOSED
   */
  async provenance(): Promise<Provenance> {
    this.#ensureUsable();
    this.#provenance ??= this.#describe();
    return await this.#provenance;
  }

  /**
   * A conversation that `Chat.save` wrote, with its images. They are encoded again when they are first sent.
   *
   * @throws MedGemmaError FILE_UNUSABLE, also when there is no such file; MODEL_MISMATCH when its images were made for another tower;
   *   ABORTED
   */
  async loadChat(path: string, options: LoadChatOptions = {}): Promise<Chat> {
    this.#ensureUsable();
    checkPath(path);
    checkLoadChatOptions(options);
    const { system, overflow, turns } = await readConversation(path, this.imageSize, options.signal);
    return this.#newChat({ system, overflow }, turns);
  }

  /**
   * How many tokens a question takes of the context when it begins a conversation, its images included; the answer needs room besides.
   * No image is encoded, and none is read but for its crops.
   *
   * @throws MedGemmaError INVALID_ARGUMENT, DISPOSED; MODEL_MISMATCH for images in a text-only model; with the fit "crops" as `decodeImage`
   */
  async countTokens(
    prompt: string | readonly PromptPart[],
    options: Omit<AskOptions, "signal" | "onProgress"> & Pick<ChatOptions, "system"> = {}
  ): Promise<number> {
    this.#ensureUsable();
    const { system, ...asked } = checkCountArguments(prompt, options);
    const question = questionOf(withPreset(asked), {
      system: system ?? systemOf(asked.preset),
      isRaw: this.model.isPretrained
    });
    const parts = partsOfQuestion(prompt, asked, question);
    if (this.tokensPerImage === null && parts.some((part) => typeof part !== "string")) throw withoutProjector();
    const counted = countedQuestion(question, await countSquares(parts, asked));
    return await new ConversationPrompt(this.#parts.language, this.tokensPerImage ?? 0).count(
      question.opening,
      counted
    );
  }

  /**
   * The image tokens themselves, for other uses than a chat.
   *
   * @throws MedGemmaError MODEL_MISMATCH for a text-only model, IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_TOO_LARGE, ABORTED
   */
  async encode(images: readonly ImageSource[], options: EncodeOptions = {}): Promise<EncodedImage[]> {
    this.#ensureUsable();
    checkEncodeArguments(images, options);
    const encoded = await encodeImages(this.#parts, images, options);
    return encoded.map((picture) => {
      const { crops, ...described } = describeEncoded(picture);
      const { data, tokenCount, hiddenSize } = picture.result.tokens;
      const withTokens = picture.crops.map(({ image, result }) => ({ ...image.box, tokens: result.tokens.data }));
      return {
        ...described,
        tokens: data,
        tokenCount,
        hiddenSize,
        ...(crops === undefined ? {} : { crops: withTokens })
      };
    });
  }

  /** Stops what runs, then frees the model. Calls after it fail with DISPOSED; a second dispose waits for the first. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#free();
    return this.#disposal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #free(): Promise<void> {
    await Promise.all([...this.#chats].map((chat) => chat.dispose()));
    await this.#parts.vision?.dispose();
    await this.#parts.language.dispose();
    await loadAddon().releaseMemory();
  }

  #ensureUsable(): void {
    if (this.#disposal !== undefined) throw new MedGemmaError("DISPOSED", "This MedGemma was disposed; load it again.");
  }
}
