/** The error of a file that is not read as a picture: what it is, and what to do. */
import { MedGemmaError, type MedGemmaErrorOptions } from "../errors.js";
import { formatOf, formatOfBytes, isPicture, readableNames } from "../formats/formats.js";

/**
 * @param bytes The file, or its first bytes.
 * @param found What a decoder says that it is.
 */
export function unreadError(name: string, bytes: Uint8Array, found: string, cause?: unknown): MedGemmaError {
  const format = formatOf(bytes, name);
  const isKnown = format !== null && isPicture(format) && formatOfBytes(bytes) === format;
  if (isKnown)
    return unreadable(
      `${name} is ${format.described}, but of a form that is not read here. Convert it to PNG, for example with "magick IN OUT.png".`,
      { cause }
    );
  if (format === null || isPicture(format))
    return unreadable(`${name} cannot be read as an image: expected ${readableNames}, found ${found}.`, { cause });
  const what = `${name} is ${format.described}, which is not read as a picture.`;
  if (format.advice !== undefined) return unreadable(`${what} ${format.advice}`, { cause, remedy: format.remedy });
  if (format.kind === "volume")
    return unreadable(`${what} Take its slices as a series, with its modality, CT or MR.`, {
      cause,
      remedy: { option: "series", also: ["modality"] }
    });
  return unreadable(`${what} Take its patches as a slide.`, { cause, remedy: { option: "slide" } });
}

function unreadable(message: string, options: MedGemmaErrorOptions): MedGemmaError {
  return new MedGemmaError("IMAGE_UNREADABLE", message, options);
}
