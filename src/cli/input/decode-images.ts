/** The images of a command line → decoded pixels, before a model is loaded: a wrong file shows at once. */
import { decodeImage } from "../../image/decode.js";
import type { DecodedImage, DicomOptions } from "../../image/types.js";
import { standardStream } from "../options/options.js";
import { printNote, printWarning, UsageError } from "../terminal/output.js";
import { plainName } from "../terminal/plain-text.js";
import type { Redaction } from "../terminal/redaction.js";
import { readStdin } from "./stdin.js";

/**
 * @param paths `standardStream` reads an image from stdin, once.
 * @throws UsageError, MedGemmaError as decodeImage
 */
export async function decodeImages(
  paths: readonly string[],
  redaction: Redaction,
  options: DicomOptions
): Promise<DecodedImage[]> {
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
export async function decodeNamed(
  path: string,
  redaction: Redaction,
  { window, frame }: DicomOptions
): Promise<DecodedImage> {
  const source = redaction.image(path);
  const image = await decodeImage(path === standardStream ? await readStdin() : path, { window, frame });
  return redaction.isOn ? { ...image, source } : image;
}

/** What was decided on the way to the pixels: to a person, but warnings to everybody. */
export function printImageNotes({
  source,
  notes = [],
  warnings = []
}: Pick<DecodedImage, "source" | "notes" | "warnings">): void {
  const others = notes.filter((note) => !warnings.includes(note));
  if (others.length > 0) printNote(plainName(`${source}: ${others.join(", ")}`));
  for (const warning of warnings) printWarning(plainName(`${source}: ${warning}.`));
}
