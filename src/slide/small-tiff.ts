/** Tiles of a slide → the bytes of a TIFF file that holds nothing else. */
import { tags } from "../tiff/tiff-file.js";
import type { TiledPicture } from "./tiled-picture.js";

/** Numbers of 16 bits by tag. */
export type TiffTags = ReadonlyMap<number, readonly number[]>;

/** @param parts Tiles row by row, strips from top to bottom; what JPEG tiles share; the size in pixels; tags besides. */
export function smallTiff(
  { isTiled, tileWidth, tileHeight, samples, photometric, compression }: TiledPicture,
  {
    tiles,
    tables,
    width,
    height,
    more
  }: {
    readonly tiles: readonly Buffer[];
    readonly tables: Buffer | null;
    readonly width: number;
    readonly height: number;
    readonly more: TiffTags;
  }
): Buffer {
  const short = new Map<number, readonly number[]>([
    ...more,
    [tags.bitsPerSample, Array.from({ length: samples }, () => 8)],
    [tags.samplesPerPixel, [samples]],
    [tags.photometric, [photometric]],
    [tags.compression, [compression]]
  ]);
  const entries = new Map<number, Buffer>([
    [tags.imageWidth, longs([width])],
    [tags.imageLength, longs([height])]
  ]);
  for (const [tag, values] of short) entries.set(tag, shorts(values));
  if (tables !== null) entries.set(tags.jpegTables, tables);
  if (isTiled) entries.set(tags.tileWidth, longs([tileWidth])).set(tags.tileLength, longs([tileHeight]));
  else entries.set(tags.rowsPerStrip, longs([tileHeight]));
  const [offsetsTag, countsTag] = isTiled
    ? [tags.tileOffsets, tags.tileByteCounts]
    : [tags.stripOffsets, tags.stripByteCounts];
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
    const [type, size] = tag === tags.jpegTables ? [7, 1] : short.has(tag) ? [3, 2] : [4, 4];
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
