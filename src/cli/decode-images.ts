/** The images of a command line → decoded pixels, before a model is loaded: a wrong file shows at once. */
import { decodeImage } from "../image/decode.js";
import type { DecodedImage } from "../image/types.js";
import { standardStream } from "./options.js";
import { UsageError } from "./output.js";
import type { Redaction } from "./redaction.js";
import { readStdin } from "./stdin.js";

/**
 * @param paths `standardStream` reads an image from stdin, once.
 * @throws UsageError, MedGemmaError as decodeImage
 */
export async function decodeImages(paths: readonly string[], redaction: Redaction): Promise<DecodedImage[]> {
  if (paths.indexOf(standardStream) !== paths.lastIndexOf(standardStream)) {
    throw new UsageError("- can be given once only: stdin is one image.");
  }
  const decoded: DecodedImage[] = [];
  for (const path of paths) {
    const name = redaction.image(path);
    const image = await decodeImage(path === standardStream ? await readStdin() : path);
    decoded.push(redaction.isOn ? { ...image, source: name } : image);
  }
  return decoded;
}
