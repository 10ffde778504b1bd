/** Reads files that people name, and no pipe or device in their place: nobody may ever write to the other end. */
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { MedGemmaError } from "../errors.js";

/** Opening a pipe waits for its other end, unless it is told not to. Windows has no such flag. */
const nonBlocking = (constants as Partial<typeof constants>).O_NONBLOCK ?? 0;

/** Far more than any schema or preset; it bounds the memory that a wrong path can cost. */
const maxTextBytes = 2 ** 26;

/** @throws MedGemmaError FILE_UNUSABLE for anything but a regular file; an error of the system when it cannot be opened */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | nonBlocking);
  try {
    const facts = await file.stat();
    if (facts.isFile()) return file;
    throw new MedGemmaError(
      "FILE_UNUSABLE",
      `${path} is ${facts.isDirectory() ? "a folder" : "not a regular file"}. Name a file.`
    );
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * A text as editors and shells write it: UTF-8, with a byte order mark or without, or the UTF-16 of Windows.
 *
 * @param what What to call it in messages: "schema", "preset".
 * @throws MedGemmaError FILE_UNUSABLE
 */
export async function readTextFile(path: string, what: string): Promise<string> {
  try {
    await using file = await openRegularFile(path);
    const { size } = await file.stat();
    if (size > maxTextBytes)
      throw new MedGemmaError("FILE_UNUSABLE", `The ${what} ${path} has ${size} bytes; the limit is ${maxTextBytes}.`);
    const text = decodeText(await file.readFile());
    if (text === null)
      throw new MedGemmaError(
        "FILE_UNUSABLE",
        `The ${what} ${path} is not a text in UTF-8 or UTF-16. Save it as UTF-8.`
      );
    return text;
  } catch (error) {
    if (error instanceof MedGemmaError) throw error;
    throw new MedGemmaError("FILE_UNUSABLE", `The ${what} ${path} cannot be read: ${(error as Error).message}.`, {
      cause: error
    });
  }
}

/** Byte order marks are left out. @returns null for bytes that are no text in UTF-8 or UTF-16 */
export function decodeText(bytes: Uint8Array): string | null {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe
      ? "utf-16le"
      : first === 0xfe && second === 0xff
        ? "utf-16be"
        : unmarkedUtf16(bytes);
  try {
    const text = new TextDecoder(encoding ?? "utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}

/** Without a mark it is known by its zeros: each of the first characters is ASCII. */
function unmarkedUtf16(bytes: Uint8Array): string | null {
  const start = bytes.subarray(0, 16);
  if (start.length < 2 || bytes.length % 2 !== 0) return null;
  if (start.every((byte, index) => (byte === 0) === (index % 2 === 1))) return "utf-16le";
  return start.every((byte, index) => (byte === 0) === (index % 2 === 0)) ? "utf-16be" : null;
}
