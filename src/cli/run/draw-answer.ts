/** What an answer located, drawn on copies of the pictures: the files of `--boxes`. */
import { extname } from "node:path";
import type { Answer } from "../../chat/types.js";
import { drawBoxes } from "../../image/draw-boxes.js";
import type { DecodedImage } from "../../image/types.js";
import { writeFileAtomically } from "../../shared/write-file.js";
import { printNote, writeNote } from "../terminal/output.js";

/** One file for each picture; with several, OUT.png becomes OUT-1.png, OUT-2.png … */
export function drawingPaths(output: string, count: number): string[] {
  if (count === 1) return [output];
  const extension = extname(output);
  const stem = output.slice(0, output.length - extension.length);
  return Array.from({ length: count }, (_, index) => `${stem}-${index + 1}${extension}`);
}

/**
 * Writes every file, a picture without boxes as well: an older drawing must not pass for this answer's.
 *
 * @throws MedGemmaError FILE_UNUSABLE, DISK_FULL, IMAGE_TOO_LARGE
 */
export async function drawAnswer(
  images: readonly DecodedImage[],
  { boxes = [] }: Answer,
  output: string
): Promise<void> {
  const paths = drawingPaths(output, images.length);
  for (const [index, image] of images.entries()) {
    const path = paths[index] ?? output;
    const drawn = boxes.filter((box) => box.image === index);
    await writeFileAtomically(path, await drawBoxes(image, drawn));
    printNote(`${path}: ${drawn.length} ${drawn.length === 1 ? "box" : "boxes"}`);
  }
}

/** Loud, on a terminal or not: what is missing in a drawing must not look as if it had not been found. */
export function tellRejected({ rejectedBoxes = [] }: Answer): void {
  for (const { reason, text } of rejectedBoxes)
    writeNote(`Not drawn, ${reason}: ${text.replace(/\s+/g, " ")}`, process.stderr);
}
