/** The directories of a TIFF file → the levels of its pyramid, the largest first. Labels and photographs of the glass are left out. */
import { MedGemmaError } from "../errors.js";
import { tags, type TiffDirectory, type TiffFile } from "./tiff-file.js";

export interface SlideLevel {
  readonly directory: TiffDirectory;
  readonly width: number;
  readonly height: number;
  /** How many pixels of the largest level are one of this, along an edge. */
  readonly downsample: number;
  readonly isTiled: boolean;
  /** Of a tile, in pixels; of a strip, which is as wide as the level. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** Tiles, or strips. */
  readonly columns: number;
  readonly rows: number;
  readonly compression: number;
}

/** No scanner comes near; it bounds what is computed from declared sizes. */
const maxEdge = 2 ** 20;

/** Of one tile or strip, in pixels. */
const maxTilePixels = 2 ** 26;

/** By so much may the two edges of a level be shrunk differently: makers round to whole pixels, some to whole tiles. */
const aspectTolerance = 0.02;

/** TIFF 6.0, its technical notes, and what libtiff knows; those that libvips as sharp brings it decodes. */
const readable: ReadonlySet<number> = new Set([1, 5, 7, 8, 32773, 32946]);

const compressionNames: Readonly<Record<number, string>> = {
  6: "old-style JPEG",
  33003: "JPEG 2000 (Aperio, YCbCr)",
  33005: "JPEG 2000 (Aperio, RGB)",
  34712: "JPEG 2000",
  50000: "Zstandard",
  50001: "WebP",
  50002: "JPEG XL"
};

/** What people do about it. */
export const convertHint = 'Convert it to a tiled pyramidal TIFF, for example with "vips tiffsave IN OUT.tif --tile --pyramid --compression jpeg --bigtiff" of a libvips that has OpenSlide';

/** @throws MedGemmaError IMAGE_UNREADABLE, IMAGE_TOO_LARGE */
export async function findLevels(file: TiffFile, directories: readonly TiffDirectory[]): Promise<SlideLevel[]> {
  const sized: { readonly directory: TiffDirectory; readonly width: number; readonly height: number }[] = [];
  for (const directory of directories) {
    const [width, height] = [await directory.number(tags.imageWidth), await directory.number(tags.imageLength)];
    if (width !== null && height !== null && width > 0 && height > 0) sized.push({ directory, width, height });
  }
  const largest = sized.reduce<(typeof sized)[number] | undefined>((most, one) => (most === undefined || one.width * one.height > most.width * most.height ? one : most), undefined);
  if (largest === undefined) throw file.damaged("it holds no picture");
  const { width, height } = largest;
  if (Math.max(width, height) > maxEdge) throw new MedGemmaError("IMAGE_TOO_LARGE", `${file.name} says that it has ${width}×${height} pixels; the limit for a slide is ${maxEdge} along an edge.`);
  const isTiled = largest.directory.has(tags.tileWidth);
  const levels: SlideLevel[] = [];
  for (const one of [largest, ...sized.toSorted((a, b) => b.width - a.width)]) {
    const isLevel = Math.abs((one.height * width) / (one.width * height) - 1) <= aspectTolerance || Math.abs((height * one.width) / width - one.height) <= 1;
    if (!isLevel || levels.some((level) => level.width <= one.width) || one.directory.has(tags.tileWidth) !== isTiled) continue;
    levels.push(await levelOf(file, one.directory, { ...one, downsample: (width / one.width + height / one.height) / 2 }));
  }
  return levels;
}

async function levelOf(file: TiffFile, directory: TiffDirectory, { width, height, downsample }: Pick<SlideLevel, "width" | "height" | "downsample">): Promise<SlideLevel> {
  const compression = (await directory.number(tags.compression)) ?? 1;
  if (!readable.has(compression)) {
    throw new MedGemmaError("IMAGE_UNREADABLE", `${file.name} is compressed with ${compressionNames[compression] ?? `method ${compression} of TIFF`}, which is not read here. ${convertHint}.`);
  }
  const samples = (await directory.number(tags.samplesPerPixel)) ?? 1;
  const bits = directory.has(tags.bitsPerSample) ? await directory.numbers(tags.bitsPerSample, 0, Math.min(directory.count(tags.bitsPerSample), 4)) : [1];
  const photometric = (await directory.number(tags.photometric)) ?? 1;
  if (bits.some((one) => one !== 8) || samples > 4 || ![0, 1, 2, 3, 6].includes(photometric)) {
    throw new MedGemmaError("IMAGE_UNREADABLE", `${file.name} has ${samples} channels of ${bits.join(", ")} bits (photometric interpretation ${photometric}); expected gray or RGB of 8 bits, as of a brightfield slide.`);
  }
  if (samples > 1 && (await directory.number(tags.planarConfiguration)) === 2) throw new MedGemmaError("IMAGE_UNREADABLE", `${file.name} has its channels in planes of their own, which is not read here. ${convertHint}.`);
  const isTiled = directory.has(tags.tileWidth);
  const tileWidth = isTiled ? ((await directory.number(tags.tileWidth)) ?? 0) : width;
  const tileHeight = isTiled ? ((await directory.number(tags.tileLength)) ?? 0) : Math.min(height, (await directory.number(tags.rowsPerStrip)) ?? height);
  if (tileWidth < 1 || tileHeight < 1) throw file.damaged(`its tiles have ${tileWidth}×${tileHeight} pixels`);
  if (tileWidth * tileHeight > maxTilePixels) {
    throw new MedGemmaError("IMAGE_TOO_LARGE", `${file.name} is stored in ${isTiled ? "tiles" : "strips"} of ${tileWidth}×${tileHeight} pixels; the limit is ${maxTilePixels}. ${convertHint}.`);
  }
  const [columns, rows] = [Math.ceil(width / tileWidth), Math.ceil(height / tileHeight)];
  const listed = Math.min(directory.count(isTiled ? tags.tileOffsets : tags.stripOffsets), directory.count(isTiled ? tags.tileByteCounts : tags.stripByteCounts));
  if (listed < columns * rows) throw file.damaged(`it says that it has ${columns * rows} ${isTiled ? "tiles" : "strips"}, but lists ${listed}`);
  return { directory, width, height, downsample, isTiled, tileWidth, tileHeight, columns, rows, compression };
}
