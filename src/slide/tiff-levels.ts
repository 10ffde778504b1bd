/** The pictures of a TIFF file → the levels of its pyramid, the largest first. Labels and photographs of the glass are left out. */
import type { TiffDirectory, TiffFile } from "../tiff/tiff-file.js";
import { tags } from "../tiff/tiff-file.js";
import type { SlideLevel } from "./level.js";
import { checkSlideSize, readTiffPicture, sizeOf } from "./tiff-picture.js";
import { tiledLevel } from "./tiled-picture.js";

/** One directory, or three: those of the red, green and blue samples of one picture. */
export type PictureDirectories = readonly [TiffDirectory, ...TiffDirectory[]];

/** By so much may the two edges of a level be shrunk differently: makers round to whole pixels, some to whole tiles. */
const aspectTolerance = 0.02;

/**
 * Those with the aspect ratio of the largest one, stored in tiles or strips as it is.
 *
 * @returns its `directories` as well, which carry the descriptions
 * @throws MedGemmaError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function findTiffLevels(file: TiffFile, pictures: readonly PictureDirectories[]): Promise<{ readonly levels: readonly SlideLevel[]; readonly largest: PictureDirectories }> {
  const sized: { readonly directories: PictureDirectories; readonly width: number; readonly height: number }[] = [];
  for (const directories of pictures) {
    const size = await sizeOf(directories[0]);
    if (size !== null) sized.push({ directories, ...size });
  }
  const largest = sized.reduce<(typeof sized)[number] | undefined>((most, one) => (most === undefined || one.width * one.height > most.width * most.height ? one : most), undefined);
  if (largest === undefined) throw file.damaged("it holds no picture");
  checkSlideSize(file.name, largest);
  const { width, height } = largest;
  const isTiled = largest.directories[0].has(tags.tileWidth);
  const levels: SlideLevel[] = [];
  for (const one of [largest, ...sized.toSorted((a, b) => b.width - a.width)]) {
    const isLevel = Math.abs((one.height * width) / (one.width * height) - 1) <= aspectTolerance || Math.abs((height * one.width) / width - one.height) <= 1;
    const isStoredAlike = one.directories[0].has(tags.tileWidth) === isTiled && one.directories.length === largest.directories.length;
    if (!isLevel || !isStoredAlike || levels.some((level) => level.width <= one.width)) continue;
    const picture = await readTiffPicture(file, one.directories);
    levels.push(tiledLevel(file.name, picture, (width / one.width + height / one.height) / 2));
  }
  return { levels, largest: largest.directories };
}
