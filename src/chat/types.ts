/** The public shapes of a conversation: what goes in, what comes out, what is reported on the way. */
import type { WindowChoice } from "../dicom/window-choice.js";
import type { ImageFit, ImagePreprocessing, ImageSource, PixelBox, PlainImageSource } from "../image/types.js";
import type { ComputeOptions } from "../loading/load-options.js";
import type { ImageOptions } from "../image/image-options.js";
import type { SamplerSettings } from "../language/host/sampler-options.js";
import type { AnswerOptions } from "./answer-options.js";
import type { ScaledAdapter } from "../language/lora/lora-adapter.js";
import type { StandardSchema } from "../language/schema/standard-schema.js";
import type { FileIdentity } from "../models/identify-file.js";
import type { GpuBackend } from "../native/backend.js";
import type { DatedImage } from "../presets/compose-prompt.js";
import type { Preset } from "../presets/preset.js";
import type { Series, SeriesSummary } from "../series/types.js";
import type { Slide, SlideSummary } from "../slide/types.js";
import type { ImageCacheOptions } from "../vision/vision-model.js";
import type { LocatedBox, RejectedBox } from "./locate-boxes.js";

/**
 * Which model to load: "demo", the id of an installed model ("1.5-4b-it"), the path of a GGUF file (of a split model that of its
 * first part), or the paths of both files. `mmproj: null` takes text alone.
 */
export type ModelSource = string | { readonly model: string; readonly mmproj?: string | null | undefined };

/** How a model is loaded. Every option may be left out. */
export interface LoadOptions extends ComputeOptions {
  /** Path of the projector GGUF; null: text alone. Default: the one that came with the model, else the one beside it that belongs to it. */
  readonly mmproj?: string | null | undefined;
  /**
   * LoRA adapters for the text model, in GGUF as llama.cpp's convert_lora_to_gguf.py writes them; all are applied at once, to
   * every chat. `scale`, from −10 to 10 and by default 1, multiplies what an adapter changes. The image tower stays as it is;
   * the converter leaves out what an adapter changes there. Loading fails with MODEL_NOT_FOUND, MODEL_CORRUPT, INVALID_ARGUMENT,
   * or with MODEL_MISMATCH for an adapter of another model or one that cannot be applied.
   */
  readonly lora?: readonly { readonly path: string; readonly scale?: number | undefined }[] | undefined;
  /** Images that a conversation will show, the slices of a series for example: memory and context are planned for them. Default 1. */
  readonly images?: number | undefined;
  /** Tokens of the longest answer, for which the context is planned besides `images`. Default 2048. */
  readonly maxTokens?: number | undefined;
  /** Questions that are answered at the same time, of different chats; each has a context of its own. Default 1. */
  readonly parallel?: number | undefined;
  /** How long tokens of images are kept, so that the same image is not encoded again. */
  readonly imageCache?: ImageCacheOptions | undefined;
  /** Stops the loading. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called before a GPU backend is tried on a known image, in a process of its own: this takes seconds, with slow drivers
   * minutes, at the first start on a machine and after changes of its drivers.
   */
  readonly onTrial?: ((backend: Exclude<GpuBackend, "off">) => void) | undefined;
  /** Called with the loaded part of the model, 0 to 1. */
  readonly onProgress?: ((progress: number) => void) | undefined;
  /** Called with a sentence before the disk is written: a model in Ollama's own layout is made into a pair of files, once. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** What was loaded; the same object as `model` in the command line's JSON. */
export interface LoadedModel {
  /** "demo", the id of an installed model, or the file's name without `.gguf`. */
  readonly id: string;
  /** Path of the text model; of a split one that of its first part. */
  readonly text: string;
  /** Path of the projector; null for a text-only model. */
  readonly mmproj: string | null;
  /** The LoRA adapters; empty without. */
  readonly lora: readonly ScaledAdapter[];
  /** Where the text model computes. */
  readonly gpu: GpuBackend;
  /** Layers of the text model that `gpu` computes, of so many, the output counted as one: as many as its memory holds. */
  readonly gpuLayers: number;
  readonly layers: number;
  /** Where images are encoded: "off" is the CPU; null for a text-only model. */
  readonly visionGpu: GpuBackend | null;
  /** Tokens of a conversation. */
  readonly contextSize: number;
  /** The context size that was asked for, or the default; memory may not have sufficed for it. */
  readonly wantedContextSize: number;
  /** The pre-trained variant, by its name: it goes on with a text, and follows no instructions. */
  readonly isPretrained: boolean;
  /**
   * What the user should know, in sentences: no MedGemma is installed and the demo model is used, text model and projector seem to
   * come from different models. `loadMedGemma` emits each as a process warning, too.
   */
  readonly warnings: readonly string[];
  /** Sentences about what was chosen: of several projectors that are the same tower, for example. */
  readonly notes: readonly string[];
}

/** How a conversation begins, and what happens when it gets too long. */
export interface ChatOptions {
  /** The system text: it stands in front of the first user text, as in Google's template. */
  readonly system?: string | null | undefined;
  /**
   * What was said before, oldest first: user and assistant take turns, and the user begins. Images are read at once, and encoded when
   * they are first sent.
   */
  readonly turns?: readonly ChatTurn[] | undefined;
  /**
   * When the conversation outgrows the context: "dropOldest" (default) sends the oldest exchanges no more, images included,
   * and says how many in `usage.droppedTurns`; "error" fails with CONTEXT_FULL.
   */
  readonly overflow?: "dropOldest" | "error" | undefined;
}

/** How a saved conversation is read. */
export interface LoadChatOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A piece of a question: text, or an image at its place between the texts. */
export type PromptPart = string | { readonly image: ImageSource };

/** `Value` is the type of `Answer.value`: what a schema of zod or the like gives back. */
export interface AskOptions<Value = unknown> extends ImageOptions, AnswerOptions {
  /** In order, all in front of the prompt. */
  readonly images?: readonly ImageSource[] | undefined;
  /**
   * Images of earlier studies, oldest first, with a date where the model shall know it. They stand in front of `images`, and every
   * image is labelled as prior or current.
   */
  readonly priors?: readonly (ImageSource | DatedImage)[] | undefined;
  /**
   * Send texts and images as they are, without Gemma's turns: the model goes on with them. `<start_of_image>` in a text is the
   * place of the next image, as in Google's processor; without it, images stand in front. Such a question stands alone, without a
   * system text, earlier exchanges or a thought. Default: true for the pre-trained variant (`LoadedModel.isPretrained`), else false.
   */
  readonly raw?: boolean | undefined;
  /**
   * What the answer must follow: a JSON schema, or a schema of zod (4.2 and later) or of another library with Standard JSON
   * Schema. The value is in `Answer.value`; an answer that was cut off before it was whole fails with SCHEMA_INVALID.
   */
  readonly schema?: object | StandardSchema<Value> | undefined;
  /** Whether `Answer.boxes` is wanted. By default it is there when the answer holds a "box_2d". */
  readonly boxes?: boolean | undefined;
  /**
   * Report in `Answer.logprobs` how probable each token of the text was, with so many of the likeliest at its place, 0 to 20.
   * Default: not.
   */
  readonly logprobs?: number | undefined;
  /** Where all sequences are in use: of the questions that wait, the greatest priority is next, then the first. Default 0. */
  readonly priority?: number | undefined;
  /**
   * A preset, as `loadPreset` gives it: its words stand around the question and the images, its options count where none are given, and
   * its system text where the chat has none. An empty question takes the preset's own. A name alone is only noted in `Answer.request`, for
   * questions that `composePrompt` made.
   */
  readonly preset?: Preset | string | undefined;
  /**
   * A series, as `readSeries` gives it: its slices are shown, each with its number, and it is noted in `Answer.request`. A question
   * that shows images of its own, as `composePrompt` makes it, is only noted.
   */
  readonly series?: Series | SeriesSummary | undefined;
  /** A slide, as `readSlide` gives it: its overview and patches are shown in front of the question; otherwise as `series`. */
  readonly slide?: Slide | SlideSummary | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called until the first word. */
  readonly onProgress?: ((progress: ReplyProgress) => void) | undefined;
}

/** How a recorded question is asked again: what changes nothing of the answer. */
export interface RepeatOptions extends Pick<AskOptions, "signal" | "onProgress" | "boxes" | "logprobs" | "priority"> {
  /**
   * In place of the images of the record, in order: where their files lie elsewhere now, or were bytes. Of a series its slices, of a slide
   * what is shown of it. They are shown as the record says.
   */
  readonly images?: readonly PlainImageSource[] | undefined;
}

/**
 * What happens before the first word: the question waits for its turn while others are answered (`ahead`: so many wait in front of
 * it, where that is known), images are read and encoded (`image` of `images`, both from 1, and how far that one is), then the prompt
 * is decoded.
 */
export type ReplyProgress =
  | { readonly stage: "waiting"; readonly ahead?: number }
  | {
      readonly stage: "encode";
      readonly image: number;
      readonly images: number;
      readonly layer: number;
      readonly layers: number;
    }
  | { readonly stage: "prefill"; readonly tokens: number }
  | { readonly stage: "generate" };

/** A piece of the answer as it is generated. */
export interface ReplyChunk {
  /** A thought comes first, if there is one. */
  readonly kind: "thought" | "text";
  readonly text: string;
}

export const stopReasons = ["end", "stop", "maxTokens", "aborted"] as const;

/**
 * "end": the model had finished. "stop": a text of `stop` was reached. "maxTokens": the limit, or the end of the context, cut it off: the answer looks whole, but what
 * would have followed is missing, so tell the reader. "aborted": it was stopped.
 */
export type StopReason = (typeof stopReasons)[number];

/** An image as the model got it. */
export interface AnswerImage {
  /** The path or URL as given; "(bytes)" for bytes, "(data URL)" for a data URL. */
  readonly source: string;
  /** Size of the picture in pixels, after EXIF rotation and before padding and resizing. */
  readonly width: number;
  readonly height: number;
  /** sha256 (hex) of the square RGB pixels that the model saw. */
  readonly sha256: string;
  /** How these pixels came from the file; null: of a conversation that was saved before it was recorded. */
  readonly preprocessing: ImagePreprocessing | null;
  /** With the fit "crops": which parts of the picture the model saw as well, in its pixels; none of one that is nearly square. */
  readonly crops?: readonly PixelBox[];
  /** Image tokens in the prompt, those of the crops included. */
  readonly tokens: number;
  /** Time spent in the image tower for this answer; 0 when `cached`. */
  readonly encodeMs: number;
  /** Its tokens were known from before. */
  readonly cached: boolean;
  /** What was decided on the way to the pixels, the window of a DICOM file for example; left out where there was nothing. */
  readonly notes?: readonly string[] | undefined;
  /** Those of the notes that a person should not miss: the file contradicts itself, or is shown in part. */
  readonly warnings?: readonly string[] | undefined;
}

/** An image of a question: where it came from, and how it was shown. */
export interface RequestImage {
  /** As in `AnswerImage`. */
  readonly source: string;
  readonly fit: ImageFit;
  readonly aspect: boolean;
  /** What was asked for; null: nothing. */
  readonly window: WindowChoice | null;
  /** null: of a picture without frames. */
  readonly frame: number | null;
}

/**
 * All that was asked, with every default that was taken: `Chat.ask` takes it, and of the same files on the same machine it gives the
 * same answer. Earlier exchanges of the conversation are not in it.
 */
export interface AnswerRequest {
  /** Texts and images were sent as they are, without Gemma's turns. */
  readonly raw: boolean;
  /** The system text; null: none. */
  readonly system: string | null;
  /** In order; an image by its place in `images`, from 0. */
  readonly prompt: readonly (string | { readonly image: number })[];
  readonly images: readonly RequestImage[];
  /** Name of the preset; null: none. */
  readonly preset: string | null;
  /** What the slices are of; null: none was named. */
  readonly series: SeriesSummary | null;
  /** What the patches are of; null: none was named. */
  readonly slide: SlideSummary | null;
  readonly think: boolean;
  /** As JSON schema. */
  readonly schema: object | null;
  readonly sampling: SamplerSettings & {
    /** 0 to 2^32 − 1; null without a temperature, where nothing is drawn. */
    readonly seed: number | null;
    readonly stop: readonly string[];
    readonly maxTokens: number;
    /** null: none. */
    readonly thoughtBudget: number | null;
  };
}

/** What computed an answer; with its `AnswerRequest` and its images all that it depends on. */
export interface Provenance {
  /** `llamaCpp`: the release of its libraries. `system`: platform, architecture and release. */
  readonly versions: {
    readonly medgemmaLocal: string;
    readonly nodeLlamaCpp: string;
    readonly llamaCpp: string;
    readonly node: string;
    readonly system: string;
  };
  readonly model: {
    readonly id: string;
    /** Of the first part, where the model is split; the others are in `furtherParts`. */
    readonly text: FileIdentity & { readonly furtherParts?: readonly FileIdentity[] };
    readonly mmproj: FileIdentity | null;
    readonly lora: readonly (FileIdentity & { readonly scale: number })[];
  };
  readonly compute: {
    readonly gpu: GpuBackend;
    /** Names of the GPUs; none on the CPU. */
    readonly devices: readonly string[];
    /** `features`: instruction sets that llama.cpp found. The kernels of the image tower follow from them. */
    readonly cpu: { readonly model: string; readonly features: readonly string[] };
    /** The variable MEDGEMMA_CPU_KERNELS, which holds the image tower to slower kernels; null: the fastest. */
    readonly kernels: string | null;
    /** Of the CPU; `vision` is null for a text-only model. */
    readonly threads: { readonly text: number; readonly vision: number | null };
    /** In tokens. */
    readonly contextSize: number;
    readonly parallel: number;
    readonly promptLookup: boolean;
  };
}

/** The finished reply; the command line prints exactly this, plus `model` and `provenance`, as JSON. */
export interface Answer<Value = unknown> {
  /** Without the thought. */
  readonly text: string;
  /** null when the model did not think. */
  readonly thought: string | null;
  /** Every generated token id, thought and end mark included. */
  readonly tokens: readonly number[];
  readonly stopReason: StopReason;
  /** The images of this turn. */
  readonly images: readonly AnswerImage[];
  readonly request: AnswerRequest;
  readonly usage: {
    /** Tokens of the whole prompt: text, image tokens and earlier turns. */
    readonly promptTokens: number;
    /** How many of them are image tokens. */
    readonly imageTokens: number;
    /** How many were still in the context from before and were not decoded again. */
    readonly reusedTokens: number;
    /** Generated tokens, thought and end mark included. */
    readonly completionTokens: number;
    /** How many of them are the thought, without its marks. */
    readonly thoughtTokens: number;
    /** Oldest exchanges of the conversation that the model does not see any more. */
    readonly droppedTurns: number;
  };
  readonly timings: {
    /** Time to load the model (the same in every answer of a model). */
    readonly loadMs: number;
    /** In the image tower, all images together; with those of a saved conversation, which are encoded when they are first sent. */
    readonly encodeMs: number;
    /** From the last image to the first generated token. */
    readonly prefillMs: number;
    /** From the call of `ask` to the first generated token. */
    readonly firstTokenMs: number;
    /** From the first generated token to the last. */
    readonly decodeMs: number;
    /** Generated; 0 where one token or none was. */
    readonly tokensPerSecond: number;
  };
  /** The parsed answer, as the schema gives it back; only with a schema, and not of an answer that was stopped. */
  readonly value?: Value;
  /** Of each token of the text, and of the mark at its end; only where `logprobs` asks for it. Those of a thought are left out. */
  readonly logprobs?: readonly AnswerLogprob[];
  /** What the model located, in pixels of the original pictures (docs/guide/boxes.md); see `AskOptions.boxes`. */
  readonly boxes?: readonly LocatedBox[];
  /** What it wrote about boxes that is impossible, unreadable or cut off, and why; beside `boxes`. */
  readonly rejectedBoxes?: readonly RejectedBox[];
}

/** An answer with what computed it: what `ask --json` prints, and `repeatAnswer` takes. */
export interface AnswerRecord extends Answer {
  readonly model: LoadedModel;
  readonly provenance: Provenance;
}

/** How probable a token was: as the model has it, before the temperature, the sampler or a schema change anything. */
export interface TokenLogprob {
  readonly token: number;
  /** What it adds to a text; bytes that are no whole character by themselves are U+FFFD. */
  readonly text: string;
  readonly bytes: readonly number[];
  /** Natural logarithm of the probability. */
  readonly logprob: number;
}

/** A token of an answer with the likeliest ones at its place, the likeliest first. */
export interface AnswerLogprob extends TokenLogprob {
  readonly top: readonly TokenLogprob[];
}

/** What a user said: a question, as `Chat.ask` takes it. */
export interface UserTurn extends ImageOptions {
  readonly role: "user";
  /** Text, or texts and images in the order that the model shall see them. Turns that a chat tells have the images as the model saw them. */
  readonly content: string | readonly PromptPart[];
  /** Sent without the chat template. Default false. */
  readonly raw?: boolean | undefined;
}

/** What the model answered. */
export interface AssistantTurn {
  readonly role: "assistant";
  /** Without the thought. */
  readonly text: string;
  /** It is kept, but never sent again: Google's notebooks leave old thoughts out. */
  readonly thought?: string | null | undefined;
  /** Default "end". */
  readonly stopReason?: StopReason | undefined;
  /** Id of the model that gave the answer, in a conversation that was saved and loaded. A new chat does not keep it. */
  readonly model?: string | undefined;
}

/** A turn of a conversation, which a chat tells and a new one can begin with. */
export type ChatTurn = UserTurn | AssistantTurn;
