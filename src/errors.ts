/** The one error class of the package. It says what failed, on which input, expected against found, and what to do. */
import type { Remedy } from "./remedy.js";

/** Every code that a user can meet. The set is closed: scripts may switch on it. */
export const errorCodes = [
  /** A model, projector or adapter file, or a model id, does not exist. */
  "MODEL_NOT_FOUND",
  /** A model, projector or adapter file is damaged, truncated, or not what its name says. */
  "MODEL_CORRUPT",
  /** Model, projector and adapter do not belong together, or the model cannot do what was asked (images in a text-only model). */
  "MODEL_MISMATCH",
  /** An image file does not exist or cannot be opened. */
  "IMAGE_NOT_FOUND",
  /** Bytes that are no image this build can decode, or that are damaged. */
  "IMAGE_UNREADABLE",
  /** An image whose declared size is over the pixel limit. */
  "IMAGE_TOO_LARGE",
  /** The native addon, or a library of a dependency, is not there or cannot be loaded. */
  "ADDON_MISSING",
  /** The native addon and node-llama-cpp are of different builds. */
  "ADDON_MISMATCH",
  /** The chosen GPU backend is not there. */
  "GPU_UNAVAILABLE",
  /** Memory for the model, the projector or an image could not be had. */
  "OUT_OF_MEMORY",
  /** The conversation does not fit into the context. */
  "CONTEXT_FULL",
  /** An answer that had to follow a JSON schema is incomplete, or the schema is not supported. */
  "SCHEMA_INVALID",
  /** A file that is neither model nor image does not exist, or could not be read or written: a conversation, a preset, a schema. */
  "FILE_UNUSABLE",
  /** A network connection would be needed, and MEDGEMMA_OFFLINE=1 forbids it. */
  "OFFLINE",
  /** The terms of the weights must be accepted before they are downloaded. */
  "TERMS_NOT_ACCEPTED",
  /** The hub wants to know who asks, or that somebody agrees to its conditions first. */
  "ACCESS_DENIED",
  /** A download broke off, or the server does not do what it says. What is there is kept where it can be used. */
  "DOWNLOAD_FAILED",
  /** A file is not the one that was promised: its sha256 is another. */
  "HASH_MISMATCH",
  /** There is too little space on the disk. */
  "DISK_FULL",
  /** The caller stopped the work. */
  "ABORTED",
  /** The object was disposed before or during the call. */
  "DISPOSED",
  /** An option or argument is of the wrong type or out of range. */
  "INVALID_ARGUMENT",
  /** A fault of this package or of llama.cpp; please report it. */
  "INTERNAL"
] as const;

/** One of `errorCodes`. */
export type MedGemmaErrorCode = (typeof errorCodes)[number];

/** Longer than any word, and than most paths: a picture in base64, say, which nobody wants in a log. */
const longRun = /\S{500,}/g;

/** What an error says besides its words. */
export interface MedGemmaErrorOptions extends ErrorOptions {
  readonly remedy?: Remedy | null | undefined;
}

/**
 * Every failure of this package. The message is for people and names options as the library does; `remedy` is for programs.
 *
 * @example
 * ```ts
 * try { await chat.ask("Describe.", { images: ["scan.png"] }); }
 * catch (error) { if (error instanceof MedGemmaError && error.code === "IMAGE_NOT_FOUND") … }
 * ```
 */
export class MedGemmaError extends Error {
  override readonly name = "MedGemmaError";
  readonly code: MedGemmaErrorCode;
  /** What the caller can change; null: nothing that has a name, or the message alone says it. */
  readonly remedy: Remedy | null;

  constructor(code: MedGemmaErrorCode, message: string, { remedy = null, ...options }: MedGemmaErrorOptions = {}) {
    super(
      message.replace(longRun, (run) => `${run.slice(0, 80)}… (${run.length} characters)`),
      options
    );
    this.code = code;
    this.remedy = remedy;
  }
}

/** The package's error for a signal that fired; keeps the signal's own reason as the cause. */
export function abortedError(what: string, signal?: AbortSignal): MedGemmaError {
  return new MedGemmaError("ABORTED", `${what} was stopped by the caller.`, { cause: signal?.reason });
}

/** What somebody else's error says, in one line without a full stop, to be put into ours. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]?.trim().replace(/\.$/, "") ?? "";
}
