/** The public shapes of a conversation: what goes in, what comes out, what is reported on the way. */
import type { DicomOptions, ImageFit, ImagePreprocessing, ImageSource, PixelBox } from "../image/types.js";
import type { ScaledAdapter } from "../language/lora-adapter.js";
import type { StandardSchema } from "../schema/standard-schema.js";
import type { FileIdentity } from "../models/identify-file.js";
import type { GpuBackend } from "../native/backend.js";
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
export interface LoadOptions {
  /** Path of the projector GGUF; null: text alone. Default: the one that came with the model, else the one beside it that belongs to it. */
  readonly mmproj?: string | null | undefined;
  /**
   * LoRA adapters for the text model, in GGUF as llama.cpp's convert_lora_to_gguf.py writes them; all are applied at once, to
   * every chat. `scale`, from −10 to 10 and by default 1, multiplies what an adapter changes. The image tower stays as it is;
   * the converter leaves out what an adapter changes there. Loading fails with MODEL_NOT_FOUND, MODEL_CORRUPT, INVALID_ARGUMENT,
   * or with MODEL_MISMATCH for an adapter of another model or one that cannot be applied.
   */
  readonly lora?: readonly { readonly path: string; readonly scale?: number | undefined }[] | undefined;
  /** What computes. Default "auto": the best backend of this machine. */
  readonly gpu?: GpuBackend | "auto" | undefined;
  /** CPU threads, from 1. Default: by model size, physical cores, and what of them this process may use. */
  readonly threads?: number | undefined;
  /**
   * Context size in tokens. Default: 8192, more where `images` need it, at most the model's own; less where memory is short, but
   * not under 2048.
   */
  readonly contextSize?: number | undefined;
  /** Images that a conversation will show, the slices of a series for example: memory and context are planned for them. Default 1. */
  readonly images?: number | undefined;
  /** Tokens of the longest answer, for which the context is planned besides `images`. Default 2048. */
  readonly maxTokens?: number | undefined;
  /** Questions that are answered at the same time, of different chats; each has a context of its own. Default 1. */
  readonly parallel?: number | undefined;
  /**
   * Guess tokens from the prompt and check several at once: sooner for answers that repeat what the prompt says (reports,
   * JSON), later for others, and otherwise the same. Default false.
   */
  readonly promptLookup?: boolean | undefined;
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
  /** Sentences about the pair that the user should know: text model and projector seem to come from different models. */
  readonly warnings: readonly string[];
  /** Sentences about what was chosen: of several projectors that are the same tower, for example. */
  readonly notes: readonly string[];
}

/** How a conversation begins, and what happens when it gets too long. */
export interface ChatOptions {
  /** The system text: it stands in front of the first user text, as in Google's template. */
  readonly system?: string | null | undefined;
  /**
   * When the conversation outgrows the context: "dropOldest" (default) sends the oldest exchanges no more, images included,
   * and says how many in `usage.droppedTurns`; "error" fails with CONTEXT_FULL.
   */
  readonly overflow?: "dropOldest" | "error" | undefined;
}

/** A piece of a question: text, or an image at its place between the texts. */
export type PromptPart = string | { readonly image: ImageSource };

/** `Value` is the type of `Answer.value`: what a schema of zod or the like gives back. */
export interface AskOptions<Value = unknown> extends DicomOptions {
  /** In order, all in front of the prompt. */
  readonly images?: readonly ImageSource[] | undefined;
  /**
   * How a picture that is not square becomes one. Default "pad" (black bars, as Google's notebooks). "crops" shows parts of a
   * long picture besides the whole, each for the tokens of a whole image (docs/images.md).
   */
  readonly fit?: ImageFit | undefined;
  /** Whether pixels that are not square, of DICOM and NIfTI files, are made square first. Default true (docs/images.md). */
  readonly aspect?: boolean | undefined;
  /**
   * Send texts and images as they are, without Gemma's turns: the model goes on with them. `<start_of_image>` in a text is the
   * place of the next image, as in Google's processor; without it, images stand in front. Such a question stands alone, without a
   * system text, earlier exchanges or a thought. Default: true for the pre-trained variant (`LoadedModel.isPretrained`), else false.
   */
  readonly raw?: boolean | undefined;
  /** Longest answer in tokens, thought included, from 1. Default 1024, with `think` 2048; never more than the context has left. */
  readonly maxTokens?: number | undefined;
  /** 0 to 10. 0 (default) is greedy decoding, which is what Google evaluates with. */
  readonly temperature?: number | undefined;
  /** Seed of the sampler, 0 to 2^32 − 1; matters with a temperature above 0. Default: a random one, which `Answer.request` tells. */
  readonly seed?: number | undefined;
  /**
   * What the answer must follow: a JSON schema, or a schema of zod (4.2 and later) or of another library with Standard JSON
   * Schema. The value is in `Answer.value`; an answer that was cut off before it was whole fails with SCHEMA_INVALID.
   */
  readonly schema?: object | StandardSchema<Value> | undefined;
  /** Whether `Answer.boxes` is wanted. By default it is there when the answer holds a "box_2d". */
  readonly boxes?: boolean | undefined;
  /** Ask the model to think before it answers. Default false. The thought is reported apart from the text. */
  readonly think?: boolean | undefined;
  /** Tokens of a thought after which it is closed by force. Default: none; with a schema half of `maxTokens`. */
  readonly thoughtBudget?: number | undefined;
  /** Name of the preset that the question was made with: noted in `Answer.request`, changes nothing. */
  readonly preset?: string | undefined;
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

/**
 * What happens before the first word: the question waits for its turn while another one is answered, images are read and encoded
 * (`image` of `images`, both from 1, and how far that one is), then the prompt is decoded.
 */
export type ReplyProgress =
  | { readonly stage: "waiting" }
  | { readonly stage: "encode"; readonly image: number; readonly images: number; readonly layer: number; readonly layers: number }
  | { readonly stage: "prefill"; readonly tokens: number }
  | { readonly stage: "generate" };

/** A piece of the answer as it is generated. */
export interface ReplyChunk {
  /** A thought comes first, if there is one. */
  readonly kind: "thought" | "text";
  readonly text: string;
}

/**
 * "end": the model had finished. "maxTokens": the limit, or the end of the context, cut it off: the answer looks whole, but what
 * would have followed is missing, so tell the reader. "aborted": it was stopped.
 */
export type StopReason = "end" | "maxTokens" | "aborted";

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

/**
 * All that was asked, with every default that was taken: asked again of the same files on the same machine, it gives the same
 * answer. Earlier exchanges of the conversation are not in it.
 */
export interface AnswerRequest {
  /** Texts and images were sent as they are, without Gemma's turns. */
  readonly raw: boolean;
  /** The system text; null: none. */
  readonly system: string | null;
  /** In order; an image by its place in `Answer.images`, from 0. */
  readonly prompt: readonly (string | { readonly image: number })[];
  /** Name of the preset; null: none. */
  readonly preset: string | null;
  /** What the slices are of; null: none was named. */
  readonly series: SeriesSummary | null;
  /** What the patches are of; null: none was named. */
  readonly slide: SlideSummary | null;
  readonly think: boolean;
  /** As JSON schema. */
  readonly schema: object | null;
  readonly sampling: {
    readonly temperature: number;
    /** 0 to 2^32 − 1; null without a temperature, where nothing is drawn. */
    readonly seed: number | null;
    readonly topK: number;
    readonly topP: number;
    readonly minP: number;
    readonly maxTokens: number;
    /** null: none. */
    readonly thoughtBudget: number | null;
  };
}

/** What computed an answer; with its `AnswerRequest` and its images all that it depends on. */
export interface Provenance {
  /** `llamaCpp`: the release of its libraries. `system`: platform, architecture and release. */
  readonly versions: { readonly medgemmaLocal: string; readonly nodeLlamaCpp: string; readonly llamaCpp: string; readonly node: string; readonly system: string };
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
  /** What the model located, in pixels of the original pictures (docs/boxes.md); see `AskOptions.boxes`. */
  readonly boxes?: readonly LocatedBox[];
  /** What it wrote about boxes that is impossible, unreadable or cut off, and why; beside `boxes`. */
  readonly rejectedBoxes?: readonly RejectedBox[];
}

/** One finished exchange of a conversation. */
export interface ChatTurn {
  /** The texts of the question. */
  readonly user: string;
  readonly images: readonly AnswerImage[];
  /** Without the thought. */
  readonly answer: string;
  /** null when the model did not think. */
  readonly thought: string | null;
  readonly stopReason: StopReason;
  /** Id of the model that gave the answer, as a loaded conversation records it; null: asked in this chat. */
  readonly savedModel: string | null;
}
