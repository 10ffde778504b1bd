/** Writes the square picture that the model sees as a PNG file. */
import { rename, rm, writeFile } from "node:fs/promises";
import sharp from "sharp";
import { MedGemmaError } from "../errors.js";
import type { SquareImage } from "./types.js";

/** The picture as the bytes of a PNG file: 8-bit RGB, nothing but the pixels. */
export async function encodePng(image: Pick<SquareImage, "rgb" | "side">): Promise<Buffer> {
  return await sharp(image.rgb, { raw: { width: image.side, height: image.side, channels: 3 } }).png().toBuffer();
}

/** Writes beside the target first, so that an interrupted run leaves no half file. @throws MedGemmaError FILE_UNUSABLE */
export async function writePng(path: string, image: Pick<SquareImage, "rgb" | "side">): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await writeFile(partial, await encodePng(image));
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw new MedGemmaError("FILE_UNUSABLE", `${path} cannot be written: ${(error as Error).message}.`, { cause: error });
  }
}
