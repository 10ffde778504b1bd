/** What is said of a file that is not read as a picture: what it is, and what to do. */
import { formatOf, formatOfBytes, isPicture, readableNames } from "../formats/formats.js";

/**
 * @param bytes The file, or its first bytes.
 * @param found What a decoder says that it is.
 */
export function explainUnread(name: string, bytes: Uint8Array, found: string): string {
  const format = formatOf(bytes, name);
  const isKnown = format !== null && isPicture(format) && formatOfBytes(bytes) === format;
  if (isKnown) return `${name} is ${format.described}, but of a form that is not read here. Convert it to PNG, for example with "magick IN OUT.png".`;
  if (format === null || isPicture(format)) return `${name} cannot be read as an image: expected ${readableNames}, found ${found}.`;
  const advice = format.advice ?? (format.kind === "volume" ? "Take its slices with --series FILE --modality CT or MR." : "Take its patches with --slide FILE.");
  return `${name} is ${format.described}, which is not read as a picture. ${advice}`;
}
