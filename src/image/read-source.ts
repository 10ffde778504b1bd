/** An image source → the bytes of the image file and a name to call it by. Opens files, never a network connection. */
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { MedGemmaError } from "../errors.js";
import { checkImageSource } from "./check-source.js";
import { slideHint, slideRemedy } from "../shared/picture-size.js";
import { onlyImageOfDirectory, onlyImageOfFolder } from "./image-folder.js";
import type { DecodedImage, PlainImageSource } from "./types.js";

/** Larger files are no pictures that this package can use; it also bounds the memory that a wrong path can cost. */
const maxFileBytes = 1024 ** 3;

export interface ImageFile {
  /** The path or URL as given; "(bytes)" or "(data URL)" where there is no name. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** @throws MedGemmaError IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_TOO_LARGE, INVALID_ARGUMENT */
export async function readSource(source: Exclude<PlainImageSource, DecodedImage>): Promise<ImageFile> {
  checkImageSource(source);
  if (source instanceof Uint8Array) return { name: "(bytes)", bytes: source };
  const text = source instanceof URL ? source.href : source;
  if (text.startsWith("data:")) return { name: "(data URL)", bytes: readDataUrl(text) };
  if (/^https?:/i.test(text)) {
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `${text} is a web address, and images are never fetched from a network. Save the file and give its path.`
    );
  }
  const path = text.startsWith("file:") ? pathOfFileUrl(text) : text;
  return await readImageFile(path, text);
}

async function readImageFile(path: string, name: string): Promise<ImageFile> {
  try {
    if ((await stat(path)).isDirectory()) {
      const found = await onlyImageOfFolder(path, name);
      return { name: found, bytes: await readWithinLimit(found, found) };
    }
    const bytes = await readWithinLimit(path, name);
    const listed = await onlyImageOfDirectory(bytes, path, name);
    return listed === null ? { name, bytes } : { name: listed, bytes: await readWithinLimit(listed, listed) };
  } catch (error) {
    throw asImageError(error, name);
  }
}

async function readWithinLimit(path: string, name: string): Promise<Uint8Array> {
  const facts = await stat(path);
  if (!facts.isFile()) {
    throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is not a regular file. Copy the image into a file first.`);
  }
  if (facts.size > maxFileBytes) {
    throw new MedGemmaError(
      "IMAGE_TOO_LARGE",
      `${name} has ${facts.size} bytes, the limit is ${maxFileBytes}. ${slideHint}`,
      { remedy: slideRemedy }
    );
  }
  return await readFile(path);
}

function asImageError(error: unknown, name: string): MedGemmaError {
  if (error instanceof MedGemmaError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new MedGemmaError("IMAGE_NOT_FOUND", `There is no image file ${name}. Check the path.`, { cause: error });
  }
  const why = code === "EACCES" || code === "EPERM" ? "permission denied" : (error as Error).message;
  return new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be opened: ${why}.`, { cause: error });
}

function pathOfFileUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw new MedGemmaError("INVALID_ARGUMENT", `${url} is not a usable file: URL.`, { cause: error });
  }
}

function readDataUrl(url: string): Uint8Array {
  const comma = url.indexOf(",");
  const header = url.slice(0, comma);
  if (comma < 0 || !/;base64$/i.test(header)) {
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      "The data URL is not base64. Expected data:image/png;base64,… or another image type."
    );
  }
  return Buffer.from(url.slice(comma + 1), "base64");
}
