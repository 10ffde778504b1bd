/** Is it an image source at all? Says how the forms of other programs are written here. Looks into no file. */
import { describe, isObject, refuseUnreadable } from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";

const forms = "a path, a file: or data: URL, the bytes of an image file, or decoded pixels";

/** How files of images begin in base64: PNG, JPEG, GIF, WebP, TIFF, BMP. */
const base64Beginning = /^(?:iVBORw0KGgo|\/9j\/[4272]|R0lGOD|UklGR|SUkqA|TU0AK|Qk[0-9])/;

/** No file system has longer names. */
const longestName = 255;

/** @throws MedGemmaError INVALID_ARGUMENT, without what was given */
export function checkImageSource(source: unknown, what = "An image"): void {
  refuseUnreadable(what, () => {
    const problem = problemOf(source);
    if (problem !== null) throw new MedGemmaError("INVALID_ARGUMENT", `${what} must be ${forms}, but ${problem}.`);
  });
}

function problemOf(source: unknown): string | null {
  if (typeof source === "string") return problemOfText(source);
  if (source instanceof Uint8Array || source instanceof URL) return null;
  if (source === undefined) return "is undefined";
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source))
    return `is ${describe(source)}; give new Uint8Array(buffer)`;
  if (!isObject(source)) return `is ${describe(source)}`;
  if ("rgb" in source) return null; // looked at where it is decoded
  const url: unknown = isObject(source.image_url) ? source.image_url.url : (source.image_url ?? source.url);
  if (url !== undefined) return "is a part of a message as OpenAI's programs write it; give its data: URL itself";
  if ("image" in source) return "is an object with an image; give the image itself";
  for (const key of ["path", "data", "base64"])
    if (key in source)
      return `is an object with ${key}; give ${key === "path" ? "the path itself" : `"data:image/png;base64,…" or Buffer.from(${key}, "base64")`}`;
  return `is ${describe(source)}`;
}

function problemOfText(text: string): string | null {
  if (text === "") return "is an empty string";
  if (text.includes("\0")) return "has a zero byte in it";
  if (/^(?:data|file|https?):/i.test(text)) return null;
  if (!isBareBase64(text) && text.split(/[/\\]/).every((one) => one.length <= longestName)) return null;
  return `is a string of ${text.length} characters that is not a path; of base64 make "data:image/png;base64,…" or Buffer.from(text, "base64")`;
}

/** Whether a text is the bytes of a picture in base64, without the "data:" that would say so. */
export function isBareBase64(text: string): boolean {
  return base64Beginning.test(text) && text.length > 60 && /^[A-Za-z0-9+/=\s]+$/.test(text.slice(0, 400));
}
