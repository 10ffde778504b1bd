/** The pictures of a TIFF file → the levels of its pyramid, the largest first. Labels and photographs of the glass are left out. */
import { MedGemmaError } from "../errors.js";
import type { TiffDirectory, TiffFile } from "../tiff/tiff-file.js";
import { tags } from "../tiff/tiff-file.js";
import type { SlideLevel } from "./level.js";
import { checkSlideSize, readTiffPicture, sizeOf } from "./tiff-picture.js";
import { tiledLevel, type TiledPicture } from "./tiled-picture.js";

/** One directory, or three: those of the red, green and blue samples of one picture. */
export type PictureDirectories = readonly [TiffDirectory, ...TiffDirectory[]];

/** By so much may the two edges of a level be shrunk differently: makers round to whole pixels, some to whole tiles. */
const aspectTolerance = 0.02;

/** A line of its description begins so: Aperio and others. What it says besides is told to nobody. */
const otherName = /^\s*(?:label|macro|thumbnail)\b/im;

export interface TiffLevels {
  readonly levels: readonly SlideLevel[];
  /** Of the largest level: what carries the descriptions. */
  readonly largest: PictureDirectories;
  readonly notes: readonly string[];
}

/**
 * Those with the aspect ratio of the largest one, stored in tiles or strips as it is, and not called a label or the like.
 *
 * @throws MedGemmaError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function findTiffLevels(file: TiffFile, pictures: readonly PictureDirectories[]): Promise<TiffLevels> {
  const sized: { readonly directories: PictureDirectories; readonly width: number; readonly height: number }[] = [];
  for (const directories of pictures) {
    const size = await sizeOf(directories[0]);
    if (size !== null) sized.push({ directories, ...size });
  }
  const largest = sized.reduce<(typeof sized)[number] | undefined>(
    (most, one) => (most === undefined || one.width * one.height > most.width * most.height ? one : most),
    undefined
  );
  if (largest === undefined) throw file.damaged("it has no picture");
  checkSlideSize(file.name, largest);
  const { width, height } = largest;
  const isTiled = largest.directories[0].has(tags.tileWidth);
  const twins = sized.filter((one) => one !== largest && one.width === width && one.height === height).length;
  const levels: SlideLevel[] = [];
  const orientation = (await largest.directories[0].number(tags.orientation)) ?? 1;
  // Slides have no upper edge; neither OpenSlide nor QuPath turns them.
  const notes: string[] =
    orientation === 1 ? [] : [`its orientation (${orientation} of TIFF) is not applied: shown as it is stored`];
  for (const one of [largest, ...sized.toSorted((a, b) => b.width - a.width)]) {
    const isLevel =
      Math.abs((one.height * width) / (one.width * height) - 1) <= aspectTolerance ||
      Math.abs((height * one.width) / width - one.height) <= 1;
    const isStoredAlike =
      one.directories[0].has(tags.tileWidth) === isTiled && one.directories.length === largest.directories.length;
    if (!isLevel || !isStoredAlike || levels.some((level) => level.width <= one.width)) continue;
    if (one !== largest && otherName.test((await one.directories[0].text(tags.imageDescription)) ?? "")) continue;
    const picture = await readTiffPicture(file, one.directories);
    if (one === largest) notes.push(...notesOfTwins(file.name, picture, twins));
    levels.push(tiledLevel(file.name, picture, (width / one.width + height / one.height) / 2));
  }
  return { levels, largest: largest.directories, notes };
}

/**
 * Other pictures as large as the one that is shown: focal planes, times, channels. Of gray ones, nobody can tell whether they are
 * colours of one picture.
 */
function notesOfTwins(name: string, { samples, photometric, planes }: TiledPicture, twins: number): string[] {
  if (twins === 0) return [];
  const palette = 3;
  if (samples === 1 && planes.length === 1 && photometric !== palette) {
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} holds ${twins + 1} gray pictures of the same size, and does not say whether they are red, green and blue, or channels of something else. Save it as a picture in colour.`
    );
  }
  return [`the first of ${twins + 1} pictures of the same size`];
}
