/**
 * A part of a level → 8-bit RGB. The tiles that it needs are put into a small TIFF file of their own, in memory, which libvips
 * decodes: it never sees the slide, whose pages it would look up anew for every part and remember by the name of the file.
 */
import { checkJpeg, decodeTiffRegion } from "../image/decode-region.js";
import type { PixelBox } from "../image/types.js";
import { firstLine, MedGemmaError } from "../errors.js";
import { convertHint, type SlideLevel } from "./levels.js";
import { tags, type TiffFile } from "./tiff-file.js";

/** Compressed, of all tiles of a part together. */
const maxTileBytes = 2 ** 28;

/** Decoded, of the same: 400 MB as RGB. */
const maxTilePixels = 2 ** 27;

const jpeg = 7;

/** Taken over as they are: they say how the bytes of a tile become pixels. Numbers of at most 16 bits. */
const copied = [tags.bitsPerSample, tags.compression, tags.photometric, tags.samplesPerPixel, tags.predictor, tags.colorMap, tags.extraSamples, tags.sampleFormat, tags.ycbcrSubsampling] as const;

/**
 * @param box Inside of the level.
 * @returns row-major, `width * height * 3` bytes
 * @throws MedGemmaError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function readRegion(file: TiffFile, level: SlideLevel, box: PixelBox): Promise<Uint8Array> {
  const first = { column: Math.floor(box.x / level.tileWidth), row: Math.floor(box.y / level.tileHeight) };
  const columns = Math.floor((box.x + box.width - 1) / level.tileWidth) + 1 - first.column;
  const rows = Math.floor((box.y + box.height - 1) / level.tileHeight) + 1 - first.row;
  if (columns * level.tileWidth * rows * level.tileHeight > maxTilePixels) {
    throw new MedGemmaError("IMAGE_TOO_LARGE", `A part of ${file.name} lies in ${columns * rows} ${level.isTiled ? "tiles" : "strips"} of ${level.tileWidth}×${level.tileHeight} pixels; the limit is ${maxTilePixels} in all. ${convertHint}.`);
  }
  const tiles = await readTiles(file, level, { first, columns, rows });
  const tables = level.compression === jpeg ? await level.directory.bytes(tags.jpegTables) : null;
  try {
    // JPEG is decoded twice, to notice damage.
    if (level.compression === jpeg) for (const tile of tiles) await checkJpeg(withTables(tile, tables), { pixels: level.tileWidth * level.tileHeight });
    const width = columns * level.tileWidth;
    // Tiles are whole, the last strip ends with the level.
    const height = level.isTiled ? rows * level.tileHeight : Math.min(rows * level.tileHeight, level.height - first.row * level.tileHeight);
    const tiff = await smallTiff(level, { tiles, tables, width, height });
    const inside = { ...box, x: box.x - first.column * level.tileWidth, y: box.y - first.row * level.tileHeight };
    return await decodeTiffRegion(tiff, inside, { pixels: width * height });
  } catch (error) {
    throw error instanceof MedGemmaError ? error : file.damaged(`the part at ${box.x}, ${box.y} of the level with ${level.width}×${level.height} pixels cannot be decoded (${firstLine(error)})`);
  }
}

/** Row by row. */
async function readTiles(file: TiffFile, level: SlideLevel, part: { readonly first: { readonly column: number; readonly row: number }; readonly columns: number; readonly rows: number }): Promise<Buffer[]> {
  const { directory } = level;
  const [offsetsTag, countsTag] = level.isTiled ? [tags.tileOffsets, tags.tileByteCounts] : [tags.stripOffsets, tags.stripByteCounts];
  const places: { readonly at: number; readonly length: number }[] = [];
  for (let row = part.first.row; row < part.first.row + part.rows; row += 1) {
    const start = row * level.columns + part.first.column;
    const lengths = await directory.numbers(countsTag, start, part.columns);
    const offsets = await directory.numbers(offsetsTag, start, part.columns);
    for (const [index, length] of lengths.entries()) {
      if (length === 0) throw file.damaged(`the ${level.isTiled ? "tile" : "strip"} ${start + index} of the level with ${level.width}×${level.height} pixels is missing`);
      places.push({ at: offsets[index] ?? 0, length });
    }
  }
  const bytes = places.reduce((sum, { length }) => sum + length, 0);
  if (bytes > maxTileBytes) throw new MedGemmaError("IMAGE_TOO_LARGE", `A part of ${file.name} needs ${bytes} bytes of the file; the limit is ${maxTileBytes}. Choose a greater magnification, or a smaller level.`);
  const tiles: Buffer[] = [];
  for (const { at, length } of places) tiles.push(await file.read(at, length));
  return tiles;
}

/** An abbreviated stream and the tables that all tiles share → a whole JPEG (TIFF technical note 2). */
function withTables(tile: Buffer, tables: Buffer | null): Buffer {
  const [startOfImage, endOfImage] = [2, 2];
  return tables === null || tables.length < 4 ? tile : Buffer.concat([tables.subarray(0, tables.length - endOfImage), tile.subarray(startOfImage)]);
}

async function smallTiff(level: SlideLevel, { tiles, tables, width, height }: { readonly tiles: readonly Buffer[]; readonly tables: Buffer | null; readonly width: number; readonly height: number }): Promise<Buffer> {
  const { directory, isTiled, tileWidth, tileHeight } = level;
  const entries = new Map<number, Buffer>([
    [tags.imageWidth, longs([width])],
    [tags.imageLength, longs([height])]
  ]);
  for (const tag of copied) if (directory.has(tag)) entries.set(tag, shorts(await directory.numbers(tag)));
  if (tables !== null) entries.set(tags.jpegTables, tables);
  if (isTiled) entries.set(tags.tileWidth, longs([tileWidth])).set(tags.tileLength, longs([tileHeight]));
  else entries.set(tags.rowsPerStrip, longs([tileHeight]));
  const [offsetsTag, countsTag] = isTiled ? [tags.tileOffsets, tags.tileByteCounts] : [tags.stripOffsets, tags.stripByteCounts];
  entries.set(countsTag, longs(tiles.map(({ length }) => length))).set(offsetsTag, longs(tiles.map(() => 0)));

  const sorted = [...entries].sort(([a], [b]) => a - b);
  const [headBytes, entryBytes] = [8, 12];
  const directoryBytes = 2 + sorted.length * entryBytes + 4;
  const valueBytes = sorted.reduce((sum, [, values]) => sum + values.length + (values.length % 2), 0);
  let next = headBytes + directoryBytes + valueBytes;
  const offsets = tiles.map(({ length }) => (next += length) - length);
  entries.set(offsetsTag, longs(offsets));

  const head = Buffer.alloc(headBytes + directoryBytes + valueBytes);
  head.write("II*\0", 0, "latin1");
  head.writeUInt32LE(headBytes, 4);
  head.writeUInt16LE(sorted.length, headBytes);
  let valueAt = headBytes + directoryBytes;
  for (const [index, [tag]] of sorted.entries()) {
    const values = entries.get(tag) ?? Buffer.alloc(0);
    const at = headBytes + 2 + index * entryBytes;
    const [type, size] = tag === tags.jpegTables ? [7, 1] : (copied as readonly number[]).includes(tag) ? [3, 2] : [4, 4];
    head.writeUInt16LE(tag, at);
    head.writeUInt16LE(type, at + 2);
    head.writeUInt32LE(values.length / size, at + 4);
    if (values.length <= 4) {
      values.copy(head, at + 8);
    } else {
      head.writeUInt32LE(valueAt, at + 8);
      values.copy(head, valueAt);
      valueAt += values.length + (values.length % 2);
    }
  }
  return Buffer.concat([head, ...tiles]);
}

function shorts(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16LE(value & 0xffff, index * 2);
  return bytes;
}

function longs(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  return bytes;
}
