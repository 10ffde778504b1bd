/** A directory of a TIFF file → how its pixels are stored, checked before anything is read of them. */
import { MedGemmaError } from "../errors.js";
import { toTiledTiff } from "../formats/formats.js";
import { tags, type TiffDirectory, type TiffFile } from "../tiff/tiff-file.js";
import type { TiffTags } from "./small-tiff.js";
import { isJpeg2000, type Place, type TiledPicture, type TilePlane } from "./tiled-picture.js";

/** No scanner comes near; it bounds what is computed from declared sizes. */
const maxEdge = 2 ** 20;

/** Of one tile or strip, in pixels. */
const maxTilePixels = 2 ** 26;

/** TIFF 6.0, its technical notes, and what libtiff knows: those that libvips as sharp brings it decodes. */
const decodedByLibvips: ReadonlySet<number> = new Set([1, 5, 7, 8, 32773, 32946]);

const compressionNames: Readonly<Record<number, string>> = {
  6: "old-style JPEG",
  50000: "Zstandard",
  50001: "WebP",
  50002: "JPEG XL"
};

/** Numbers of a list that are read at once. */
const atOnce = 2 ** 16;

/** Tags that say how the bytes of a tile become pixels. Numbers of at most 16 bits. */
const decodingTags = [
  tags.fillOrder,
  tags.predictor,
  tags.colorMap,
  tags.extraSamples,
  tags.sampleFormat,
  tags.ycbcrSubsampling
] as const;

/** What the edges of a picture are; null where the directory does not say. */
export async function sizeOf(
  directory: TiffDirectory
): Promise<{ readonly width: number; readonly height: number } | null> {
  const [width, height] = [await directory.number(tags.imageWidth), await directory.number(tags.imageLength)];
  return width !== null && height !== null && width > 0 && height > 0 ? { width, height } : null;
}

/**
 * @param size Of the slide in pixels.
 * @throws MedGemmaError IMAGE_TOO_LARGE
 */
export function checkSlideSize(
  name: string,
  { width, height }: { readonly width: number; readonly height: number }
): void {
  if (Math.max(width, height) > maxEdge)
    throw new MedGemmaError(
      "IMAGE_TOO_LARGE",
      `${name} says that it has ${width}×${height} pixels; the limit for a slide is ${maxEdge} along an edge.`
    );
}

/**
 * @param directories One; or three with the red, the green and the blue samples.
 * @throws MedGemmaError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function readTiffPicture(file: TiffFile, directories: readonly TiffDirectory[]): Promise<TiledPicture> {
  const [first, ...others] = await Promise.all(directories.map(async (directory) => await readPlane(file, directory)));
  if (first === undefined) throw file.damaged("it has no picture");
  if (others.length === 0) return first;
  const isAlike = (one: TiledPicture): boolean =>
    one.samples === 1 &&
    (["width", "height", "tileWidth", "tileHeight", "compression", "photometric"] as const).every(
      (key) => one[key] === first[key]
    );
  if (![first, ...others].every(isAlike))
    throw file.damaged("the pictures of its colours differ in size, or in how they are stored");
  return { ...first, planes: [first, ...others].flatMap(({ planes }) => planes) };
}

async function readPlane(file: TiffFile, directory: TiffDirectory): Promise<TiledPicture> {
  const size = await sizeOf(directory);
  if (size === null) throw file.damaged("a picture has no size");
  checkSlideSize(file.name, size);
  const { width, height } = size;
  const compression = (await directory.number(tags.compression)) ?? 1;
  if (!decodedByLibvips.has(compression) && !isJpeg2000(compression)) {
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${file.name} is compressed with ${compressionNames[compression] ?? `method ${compression} of TIFF`}, which is not read here. ${toTiledTiff}`
    );
  }
  const samples = (await directory.number(tags.samplesPerPixel)) ?? 1;
  const bits = directory.has(tags.bitsPerSample)
    ? await directory.numbers(tags.bitsPerSample, 0, Math.min(directory.count(tags.bitsPerSample), 4))
    : [1];
  const photometric = (await directory.number(tags.photometric)) ?? 1;
  if (bits.some((one) => one !== 8) || samples < 1 || samples > 4 || ![0, 1, 2, 3, 6].includes(photometric)) {
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${file.name} has ${samples} channels of ${bits.join(", ")} bits (photometric interpretation ${photometric}); expected gray or RGB of 8 bits, as of a brightfield slide.`
    );
  }
  const sampleFormat = (await directory.number(tags.sampleFormat)) ?? 1;
  if (![1, 4].includes(sampleFormat))
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${file.name} has samples ${sampleFormat === 2 ? "with a sign" : `of format ${sampleFormat}`}; expected whole numbers from 0 to 255. ${toTiledTiff}`
    );
  const isPlanar = samples > 1 && (await directory.number(tags.planarConfiguration)) === 2;
  if (isPlanar && photometric !== 2)
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${file.name} has channels in planes of their own that are not red, green and blue, which is not read here. ${toTiledTiff}`
    );
  const isTiled = directory.has(tags.tileWidth);
  const tileWidth = isTiled ? ((await directory.number(tags.tileWidth)) ?? 0) : width;
  const tileHeight = isTiled
    ? ((await directory.number(tags.tileLength)) ?? 0)
    : Math.min(height, (await directory.number(tags.rowsPerStrip)) ?? height);
  if (tileWidth < 1 || tileHeight < 1) throw file.damaged(`its tiles have ${tileWidth}×${tileHeight} pixels`);
  if (tileWidth * tileHeight > maxTilePixels) {
    throw new MedGemmaError(
      "IMAGE_TOO_LARGE",
      `${file.name} is stored in ${isTiled ? "tiles" : "strips"} of ${tileWidth}×${tileHeight} pixels; the limit is ${maxTilePixels}. ${toTiledTiff}`
    );
  }
  const [columns, rows] = [Math.ceil(width / tileWidth), Math.ceil(height / tileHeight)];
  const listed = Math.min(
    directory.count(isTiled ? tags.tileOffsets : tags.stripOffsets),
    directory.count(isTiled ? tags.tileByteCounts : tags.stripByteCounts)
  );
  const needed = columns * rows * (isPlanar ? samples : 1);
  if (listed < needed)
    throw file.damaged(`it says that it has ${needed} ${isTiled ? "tiles" : "strips"}, but lists ${listed}`);
  const picture = { width, height, isTiled, tileWidth, tileHeight, columns, rows, compression };
  const planeOf = (sample: number): TilePlane =>
    tilePlane(file, directory, {
      firstTile: sample * columns * rows,
      count: columns * rows,
      samples: isPlanar ? 1 : samples
    });
  if (isPlanar) return { ...picture, planes: [0, 1, 2].map(planeOf), samples: 1, photometric: 1, hasAlpha: false };
  return {
    ...picture,
    planes: [planeOf(0)],
    samples,
    photometric,
    hasAlpha: await hasAlpha(directory, samples, photometric)
  };
}

/** ExtraSamples 0 is "unspecified", and no alpha; without the tag it is taken for one. Both as Pillow does. */
async function hasAlpha(directory: TiffDirectory, samples: number, photometric: number): Promise<boolean> {
  return (
    samples > (photometric === 2 || photometric === 6 ? 3 : 1) && (await directory.number(tags.extraSamples)) !== 0
  );
}

/** @param which Of the tiles in the lists of the directory. */
function tilePlane(
  file: TiffFile,
  directory: TiffDirectory,
  { firstTile, count, samples }: { readonly firstTile: number; readonly count: number; readonly samples: number }
): TilePlane {
  const isTiled = directory.has(tags.tileWidth);
  const [offsetsTag, countsTag] = isTiled
    ? [tags.tileOffsets, tags.tileByteCounts]
    : [tags.stripOffsets, tags.stripByteCounts];
  return {
    places: async (first, wanted) => {
      const lengths = await directory.numbers(countsTag, firstTile + first, wanted);
      const offsets = await directory.numbers(offsetsTag, firstTile + first, wanted);
      return lengths.map((length, index): Place => ({
        length,
        read: async () => await file.read(offsets[index] ?? 0, length)
      }));
    },
    countMissing: async () => {
      let missing = 0;
      for (let start = 0; start < count; start += atOnce) {
        for (const length of await directory.numbers(countsTag, firstTile + start, Math.min(atOnce, count - start)))
          if (length === 0) missing += 1;
      }
      return missing;
    },
    tables: async () => await directory.bytes(tags.jpegTables),
    tags: async () => {
      const found = new Map<number, number[]>();
      for (const tag of decodingTags) if (directory.has(tag)) found.set(tag, await directory.numbers(tag));
      if (samples === 1) found.delete(tags.extraSamples);
      const format = found.get(tags.sampleFormat);
      if (format !== undefined) found.set(tags.sampleFormat, format.slice(0, samples));
      return found satisfies TiffTags;
    }
  };
}
