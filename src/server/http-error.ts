/** What went wrong, as OpenAI's clients read it: a status, and `{ error: { message, type, param, code } }`. */
import { MedGemmaError, type MedGemmaErrorCode } from "../errors.js";
import type { RemedyOption } from "../remedy.js";

/** What a response says of a failure. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    /** The field of the request that is wrong; null: none in particular. */
    readonly param: string | null;
    readonly code: string | null;
  };
}

/** A refusal of the server's own. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly code: string;
  readonly param: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    {
      param = null,
      headers = {}
    }: { readonly param?: string | null; readonly headers?: Readonly<Record<string, string>> } = {}
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
    this.headers = headers;
  }

  get body(): ErrorBody {
    const { message, param, code, status } = this;
    return { error: { message, type: typeOf(status), param, code } };
  }
}

/**
 * The status of every code. 4xx: the request is wrong and stays wrong. 5xx and 429: clients try again by themselves, so only for what
 * a second try may change.
 */
const statuses: Readonly<Record<MedGemmaErrorCode, number>> = {
  MODEL_NOT_FOUND: 404,
  MODEL_CORRUPT: 500,
  MODEL_MISMATCH: 400,
  IMAGE_NOT_FOUND: 400,
  IMAGE_UNREADABLE: 400,
  IMAGE_TOO_LARGE: 413,
  ADDON_MISSING: 500,
  ADDON_MISMATCH: 500,
  GPU_UNAVAILABLE: 500,
  OUT_OF_MEMORY: 503,
  CONTEXT_FULL: 400,
  SCHEMA_INVALID: 400,
  FILE_UNUSABLE: 400,
  OFFLINE: 500,
  TERMS_NOT_ACCEPTED: 500,
  ACCESS_DENIED: 500,
  DOWNLOAD_FAILED: 500,
  HASH_MISMATCH: 500,
  DISK_FULL: 500,
  ABORTED: 499,
  DISPOSED: 503,
  INVALID_ARGUMENT: 400,
  INTERNAL: 500
};

/** OpenAI's own names, which clients look for; of all others the code of the library, in small letters. */
const codes: Partial<Readonly<Record<MedGemmaErrorCode, string>>> = {
  MODEL_NOT_FOUND: "model_not_found",
  CONTEXT_FULL: "context_length_exceeded",
  INVALID_ARGUMENT: "invalid_value"
};

/** Where an option of the library has another name in a request. */
const params: Partial<Readonly<Record<RemedyOption, string>>> = {
  maxTokens: "max_completion_tokens",
  topP: "top_p",
  topK: "top_k",
  minP: "min_p",
  images: "messages"
};

/** Any failure as a response. What is not ours may hold anything, so of that nothing is told. */
export function asHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (!(error instanceof MedGemmaError))
    return new HttpError(500, "internal_error", "The server failed. Please report it.");
  const { code, message, remedy } = error;
  const option = remedy?.option;
  if (code === "SCHEMA_INVALID")
    // Cut off before it was whole, or a schema that no grammar can hold.
    return new HttpError(option === "maxTokens" ? 422 : 400, "schema_invalid", message, { param: "response_format" });
  const headers = statuses[code] === 503 ? { "retry-after": "10" } : {};
  return new HttpError(statuses[code], codes[code] ?? code.toLowerCase(), message, {
    param: code === "CONTEXT_FULL" ? "messages" : option === undefined ? null : (params[option] ?? option),
    headers
  });
}

function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 404) return "not_found_error";
  if (status === 503) return "overloaded_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}
