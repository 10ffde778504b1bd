/** The images of a command line → decoded pixels, before a model is loaded: a wrong file shows at once. */
import { decodeImage } from "../image/decode.js";
import type { DecodedImage, DicomOptions } from "../image/types.js";
import { standardStream } from "./options.js";
import { printNote, UsageError } from "./output.js";
import { plainName } from "./plain-text.js";
import type { Redaction } from "./redaction.js";
import { readStdin } from "./stdin.js";

/**
 * @param paths `standardStream` reads an image from stdin, once.
 * @throws UsageError, MedGemmaError as decodeImage
 */
export async function decodeImages(paths: readonly string[], redaction: Redaction, options: DicomOptions): Promise<DecodedImage[]> {
  if (paths.indexOf(standardStream) !== paths.lastIndexOf(standardStream)) {
    throw new UsageError("- can be given once only: stdin is one image.");
  }
  const decoded: DecodedImage[] = [];
  for (const path of paths) {
    const image = await decodeNamed(path, redaction, options);
    printImageNotes(image);
    decoded.push(image);
  }
  return decoded;
}

/** One of them, called as the redaction wants it. @throws MedGemmaError as decodeImage */
export async function decodeNamed(path: string, redaction: Redaction, { window, frame }: DicomOptions): Promise<DecodedImage> {
  const source = redaction.image(path);
  const image = await decodeImage(path === standardStream ? await readStdin() : path, { window, frame });
  return redaction.isOn ? { ...image, source } : image;
}

/** To a person: what was decided on the way to the pixels. */
export function printImageNotes({ source, notes = [] }: Pick<DecodedImage, "source" | "notes">): void {
  if (notes.length > 0) printNote(plainName(`${source}: ${notes.join(", ")}`));
}
