/**
 * Hamamatsu NDPI: TIFF by its directories, but each level is one JPEG stream, larger than JPEG allows. A list says where its
 * restart intervals begin, and those that are needed become a small stream of their own.
 */
import { decodeJpeg } from "../../image/decode-region.js";
import type { PixelBox } from "../../image/types.js";
import { firstLine, MedGemmaError } from "../../errors.js";
import { toTiledTiff } from "../../formats/formats.js";
import type { TiffDirectory, TiffFile } from "../../tiff/tiff-file.js";
import { tags } from "../../tiff/tiff-file.js";
import { paste, type SlideContent, type SlideLevel, type TileCount } from "../level.js";
import { byObjective, resolutionOf, resolutionScannedAt } from "../scanned-at.js";
import { checkSlideSize, sizeOf } from "../tiff-picture.js";

/** Of the intervals of one part. */
const maxPixels = 2 ** 27;

/** Of a level that is decoded as a whole, and kept: 50 MB as RGB. */
const maxWholePixels = 2 ** 24;

/** What stands before the first scan. */
const maxHeadBytes = 2 ** 16;

const maxPartBytes = 2 ** 28;

const jpeg = 7;

export const isNdpi = (first: TiffDirectory): boolean => first.has(tags.hamamatsuFormat);

export async function openNdpi(file: TiffFile, pages: readonly TiffDirectory[]): Promise<SlideContent> {
  const levels: SlideLevel[] = [];
  let [scan, planes]: [TiffDirectory | null, number] = [null, 0];
  let lens: number | null = null;
  for (const page of pages) {
    const [size, magnification] = [await sizeOf(page), await page.number(tags.hamamatsuSourceLens)];
    // Photograph and map of the glass have negative numbers.
    if (size === null || magnification === null || !(magnification > 0)) continue;
    if (((await page.number(tags.hamamatsuFocus)) ?? 0) !== 0) {
      planes += 1;
      continue;
    }
    if (levels.some(({ width }) => width <= size.width)) continue;
    scan ??= page;
    lens ??= magnification;
    checkSlideSize(file.name, size);
    const [largest] = levels;
    levels.push(
      await levelOf(file, page, {
        ...size,
        downsample: largest === undefined ? 1 : (largest.width / size.width + largest.height / size.height) / 2
      })
    );
  }
  if (scan === null) throw file.damaged("it has no scan");
  const { x, y } = await resolutionOf(scan);
  const scanned = byObjective(lens, "Hamamatsu SourceLens", x, y) ?? (await resolutionScannedAt(scan));
  return {
    levels,
    scanned,
    otherPictures: pages.length - levels.length - planes,
    notes: planes > 0 ? ["the focal plane in the middle of several"] : []
  };
}

async function levelOf(
  file: TiffFile,
  directory: TiffDirectory,
  size: Pick<SlideLevel, "width" | "height" | "downsample">
): Promise<SlideLevel> {
  const [compression, samples] = [
    await directory.number(tags.compression),
    (await directory.number(tags.samplesPerPixel)) ?? 1
  ];
  if (compression !== jpeg || samples !== 3)
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${file.name} is a Hamamatsu slide (NDPI) with ${samples} channels and compression ${compression ?? "unknown"}; expected JPEG in colour. ${toTiledTiff}`
    );
  const [at, length] = [
    (await directory.number(tags.stripOffsets)) ?? 0,
    (await directory.number(tags.stripByteCounts)) ?? 0
  ];
  const countTiles = async (): Promise<TileCount> => await Promise.resolve({ missing: 0, of: 1 });
  const stream: Stream = { at, length, ...size };
  if (directory.count(tags.hamamatsuRestarts) === 0) {
    let whole: Promise<Uint8Array> | null = null;
    return {
      ...size,
      countTiles,
      readRegion: async (box) => {
        whole ??= readWhole(file, stream);
        const rgb = new Uint8Array(box.width * box.height * 3);
        paste(rgb, box, { rgb: await whole, box: { x: 0, y: 0, ...size } });
        return rgb;
      }
    };
  }
  const header = await readHeader(file, directory, stream);
  return {
    ...size,
    countTiles,
    readRegion: async (box) => await readIntervals(file, directory, { stream, header, box })
  };
}

interface Stream {
  /** In the file. */
  readonly at: number;
  readonly length: number;
  readonly width: number;
  readonly height: number;
}

interface Header {
  /** All before the first restart interval. */
  readonly bytes: Buffer;
  /** Where in it the height stands, and the width behind it. */
  readonly sizeAt: number;
  /** Of a restart interval, in pixels. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly rows: number;
}

/** Small levels have no restart intervals. */
async function readWhole(file: TiffFile, { at, length, width, height }: Stream): Promise<Uint8Array> {
  if (width * height > maxWholePixels || length > maxPartBytes)
    throw new MedGemmaError(
      "IMAGE_TOO_LARGE",
      `${file.name} has a level of ${width}×${height} pixels that can only be decoded as a whole; the limit is ${maxWholePixels}. ${toTiledTiff}`
    );
  const whole = await decode(file, await file.read(at, length), { x: 0, y: 0, width, height });
  if (whole.width !== width || whole.height !== height)
    throw file.damaged(`a level has ${whole.width}×${whole.height} pixels; expected ${width}×${height}`);
  return whole.rgb;
}

/** Intervals below each other are one stream: one decoding for each column that the box touches. */
async function readIntervals(
  file: TiffFile,
  directory: TiffDirectory,
  { stream, header, box }: { readonly stream: Stream; readonly header: Header; readonly box: PixelBox }
): Promise<Uint8Array> {
  const { tileWidth, tileHeight, columns } = header;
  const [firstRow, lastRow] = [Math.floor(box.y / tileHeight), Math.floor((box.y + box.height - 1) / tileHeight)];
  const height = (lastRow + 1 - firstRow) * tileHeight;
  if (tileWidth * height > maxPixels)
    throw new MedGemmaError(
      "IMAGE_TOO_LARGE",
      `A part of ${file.name} lies in ${tileWidth}×${height} pixels; the limit is ${maxPixels}. Choose a greater magnification, or a smaller level.`,
      { remedy: { option: "magnification", also: ["level"] } }
    );
  const rgb = new Uint8Array(box.width * box.height * 3);
  for (
    let column = Math.floor(box.x / tileWidth);
    column <= Math.floor((box.x + box.width - 1) / tileWidth);
    column += 1
  ) {
    const intervals: Buffer[] = [];
    let bytes = 0;
    for (let row = firstRow; row <= lastRow; row += 1) {
      const interval = await readInterval(file, directory, stream, row * columns + column);
      bytes += interval.length;
      if (bytes > maxPartBytes) throw file.damaged(`a part of it has more than ${maxPartBytes} bytes`);
      intervals.push(interval, Buffer.from([0xff, row === lastRow ? 0xd9 : 0xd0 + ((row - firstRow) % 8)]));
    }
    const head = Buffer.from(header.bytes);
    head.writeUInt16BE(height, header.sizeAt);
    head.writeUInt16BE(tileWidth, header.sizeAt + 2);
    const part = await decode(file, Buffer.concat([head, ...intervals]), box);
    paste(rgb, box, {
      rgb: part.rgb,
      box: { x: column * tileWidth, y: firstRow * tileHeight, width: tileWidth, height }
    });
  }
  return rgb;
}

/** Without the marker at its end: a restart, or the end of the picture. */
async function readInterval(
  file: TiffFile,
  directory: TiffDirectory,
  { at, length }: Stream,
  index: number
): Promise<Buffer> {
  const wanted = Math.min(2, directory.count(tags.hamamatsuRestarts) - index);
  const low = await directory.numbers(tags.hamamatsuRestarts, index, wanted);
  const high = directory.has(tags.hamamatsuRestartsHigh)
    ? await directory.numbers(tags.hamamatsuRestartsHigh, index, wanted)
    : [];
  const [start = 0, end = length] = low.map((one, place) => one + (high[place] ?? 0) * 2 ** 32);
  if (end - start < 2 || end > length || end - start > maxPartBytes)
    throw file.damaged(`a restart interval has ${end - start} bytes`);
  const bytes = await file.read(at + start, end - start);
  const marker = bytes.at(-1) ?? 0;
  if (bytes.at(-2) !== 0xff || !((marker >= 0xd0 && marker <= 0xd7) || marker === 0xd9))
    throw file.damaged("a restart interval does not end where its list says");
  return bytes.subarray(0, -2);
}

/** ISO 10918-1 annex B: frame header, restart interval. */
async function readHeader(
  file: TiffFile,
  directory: TiffDirectory,
  { at, length, width, height }: Stream
): Promise<Header> {
  const [first = 0] = await directory.numbers(tags.hamamatsuRestarts, 0, 1);
  if (first < 4 || first > Math.min(length, maxHeadBytes))
    throw file.damaged(`the header of its JPEG stream has ${first} bytes`);
  const bytes = await file.read(at, first);
  let [sizeAt, mcuWidth, mcuHeight, interval] = [0, 0, 0, 0];
  for (
    let offset = 2;
    offset + 4 <= bytes.length && bytes[offset] === 0xff;
    offset += 2 + bytes.readUInt16BE(offset + 2)
  ) {
    const marker = bytes[offset + 1] ?? 0;
    if (marker >= 0xc0 && marker <= 0xc1 && offset + 10 < bytes.length) {
      sizeAt = offset + 5;
      const samplings = Array.from(
        { length: bytes[offset + 9] ?? 0 },
        (_one, index) => bytes[offset + 11 + 3 * index] ?? 0
      );
      [mcuWidth, mcuHeight] = [
        8 * Math.max(...samplings.map((one) => one >> 4)),
        8 * Math.max(...samplings.map((one) => one & 15))
      ];
    } else if (marker === 0xdd && offset + 6 <= bytes.length) interval = bytes.readUInt16BE(offset + 4);
  }
  const across = Math.ceil(width / mcuWidth);
  const tileWidth = interval * mcuWidth;
  if (
    sizeAt === 0 ||
    !(mcuWidth > 0 && mcuHeight > 0 && interval > 0) ||
    across % interval !== 0 ||
    tileWidth >= 2 ** 16
  ) {
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${file.name} is a Hamamatsu slide (NDPI) whose restart intervals do not make up whole rows, which is not read here. ${toTiledTiff}`
    );
  }
  const [columns, rows] = [across / interval, Math.ceil(height / mcuHeight)];
  if (directory.count(tags.hamamatsuRestarts) !== columns * rows)
    throw file.damaged(
      `it lists ${directory.count(tags.hamamatsuRestarts)} restart intervals; expected ${columns * rows}`
    );
  return { bytes, sizeAt, tileWidth, tileHeight: mcuHeight, columns, rows };
}

async function decode(file: TiffFile, bytes: Buffer, box: PixelBox): ReturnType<typeof decodeJpeg> {
  try {
    return await decodeJpeg(bytes, { pixels: maxPixels });
  } catch (error) {
    throw file.damaged(`the part at ${box.x}, ${box.y} cannot be decoded (${firstLine(error)})`);
  }
}
