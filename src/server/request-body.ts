/** The body of a request, within limits, as a value. */
import { HttpError } from "./http-error.js";

/** Deeper than any request or schema is; JSON of a million brackets is refused before it is parsed. */
const maxDepth = 64;

/** @throws HttpError 413, 415, 400 */
export async function readJson(request: Request, maxBytes: number): Promise<unknown> {
  const type = request.headers.get("content-type") ?? "";
  // A page of another site can send text/plain without asking first, but not this.
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type))
    throw new HttpError(415, "unsupported_media_type", `The body must be application/json, but is ${shown(type)}.`);
  const bytes = await readBytes(request, maxBytes);
  const text = decodeText(bytes);
  refuseDepth(text);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new HttpError(400, "invalid_json", "The body is not valid JSON.");
  }
}

/** @throws HttpError 413, 400 when the client stops before the end */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  if (request.body === null) return new Uint8Array();
  const reader = (request.body as ReadableStream<Uint8Array>).getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      length += read.value.byteLength;
      if (length > maxBytes) throw tooLarge(maxBytes);
      chunks.push(read.value);
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    throw error instanceof HttpError
      ? error
      : new HttpError(400, "incomplete_body", "The body of the request broke off.");
  }
  return Buffer.concat(chunks, length);
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(
    413,
    "request_too_large",
    `The request is over the limit of ${maxBytes} bytes. Send images once through /v1/files, or send fewer.`
  );
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new HttpError(400, "invalid_json", "The body is not valid UTF-8.");
  }
}

function refuseDepth(text: string): void {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (code === openBrace || code === openBracket) {
      depth += 1;
      if (depth > maxDepth)
        throw new HttpError(400, "invalid_json", `The body is nested deeper than ${maxDepth} levels.`);
    } else if (code === closeBrace || code === closeBracket) depth -= 1;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Place of the quote that ends the string; an image of megabytes is passed in one search. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}

function shown(type: string): string {
  return type === "" ? "not named" : JSON.stringify(type.slice(0, 80));
}
