/**
 * A picture that is stored in tiles, of TIFF or of DICOM: a part of it → 8-bit RGB. The tiles that it needs are put into a small
 * TIFF file of their own, in memory, which libvips decodes: it never sees the slide, whose pages it would look up anew for every
 * part and remember by the name of the file.
 */
import { colorToRgb } from "../dicom/color.js";
import { checkJpeg, decodeTiffRegion } from "../image/decode-region.js";
import { decodeJpeg2000Rgb } from "../image/formats/jpeg-2000.js";
import type { PixelBox } from "../image/types.js";
import { firstLine, MedGemmaError } from "../errors.js";
import { toTiledTiff } from "../formats/formats.js";
import { tags } from "../tiff/tiff-file.js";
import { paste, type SlideLevel, type TileCount } from "./level.js";
import { smallTiff, type TiffTags } from "./small-tiff.js";

/** A tile in the file. */
export interface Place {
  /** Of its bytes; 0: the file leaves it out. */
  readonly length: number;
  readonly read: () => Promise<Buffer>;
}

/** Tiles or strips of one size, row by row: those of all samples, or those of one sample. */
export interface TilePlane {
  readonly places: (first: number, count: number) => Promise<Place[]>;
  /** How many of all are left out. */
  readonly countMissing: () => Promise<number>;
  /** What JPEG tiles share (TIFF technical note 2); null: each is whole. */
  readonly tables: () => Promise<Buffer | null>;
  /** What else says how the bytes become pixels: tags of TIFF. */
  readonly tags: () => Promise<TiffTags>;
}

export interface TiledPicture {
  readonly width: number;
  readonly height: number;
  /** One, or three: red, green and blue, each gray for itself. */
  readonly planes: readonly TilePlane[];
  /** false: strips. */
  readonly isTiled: boolean;
  /** Of a tile, in pixels; of a strip, which is as wide as the picture. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** Tiles, or strips. */
  readonly columns: number;
  readonly rows: number;
  /** A number of TIFF, as are the next two. */
  readonly compression: number;
  readonly samples: number;
  readonly photometric: number;
  /** Whether the last sample says how clear a pixel is. */
  readonly hasAlpha: boolean;
}

/** Compressed, of all tiles of a part together. */
const maxTileBytes = 2 ** 28;

/** Decoded, of the same: 400 MB as RGB. */
const maxTilePixels = 2 ** 27;

/** Compression in TIFF: JPEG; Aperio's JPEG 2000 (YCbCr and RGB), and that which is registered with Adobe. */
export const compressions = { none: 1, jpeg: 7, aperioYcbcr: 33003, aperioRgb: 33005, jpeg2000: 34712 } as const;

export const isJpeg2000 = (compression: number): boolean =>
  compression === compressions.aperioYcbcr ||
  compression === compressions.aperioRgb ||
  compression === compressions.jpeg2000;

/** Tiles beside and below each other, counted from the upper left one of the picture. */
interface TileRange {
  readonly column: number;
  readonly row: number;
  readonly columns: number;
  readonly rows: number;
}

/**
 * @param box Inside of the picture.
 * @returns row-major, `width * height * 3` bytes; tiles that are left out are white
 * @throws MedGemmaError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function readTiledRegion(name: string, picture: TiledPicture, box: PixelBox): Promise<Uint8Array> {
  const { tileWidth, tileHeight, isTiled, planes } = picture;
  const range = rangeOf(picture, box);
  if (range.columns * tileWidth * range.rows * tileHeight > maxTilePixels) {
    throw new MedGemmaError(
      "IMAGE_TOO_LARGE",
      `A part of ${name} lies in ${range.columns * range.rows} ${isTiled ? "tiles" : "strips"} of ${tileWidth}×${tileHeight} pixels; the limit is ${maxTilePixels} in all. ${toTiledTiff}`
    );
  }
  try {
    const [first = new Uint8Array(), ...others] = await Promise.all(
      planes.map(async (plane) => await readPlane(name, picture, { plane, range, box }))
    );
    for (const [index, other] of others.entries())
      for (let at = index + 1; at < first.length; at += 3) first[at] = other[at] ?? 0;
    return first;
  } catch (error) {
    throw error instanceof MedGemmaError
      ? error
      : new MedGemmaError(
          "IMAGE_UNREADABLE",
          `${name} is damaged or incomplete: the part at ${box.x}, ${box.y} of the level with ${picture.width}×${picture.height} pixels cannot be decoded (${firstLine(error)}).`,
          { cause: error }
        );
  }
}

/**
 * As a level of a slide.
 *
 * @param size Less than that of the picture where it is filled up at the right and below.
 */
export function tiledLevel(
  name: string,
  picture: TiledPicture,
  downsample: number,
  { width, height }: { readonly width: number; readonly height: number } = picture
): SlideLevel {
  return {
    width,
    height,
    downsample,
    readRegion: async (box) => await readTiledRegion(name, picture, box),
    countTiles: async (box) => await countTiles(picture, box)
  };
}

/** @param box Of which the tiles are counted; default: all. */
export async function countTiles(picture: TiledPicture, box?: PixelBox): Promise<TileCount> {
  const { planes, columns, rows } = picture;
  if (box !== undefined) {
    const places = await placesOf(picture, rangeOf(picture, box));
    return { missing: places.filter(({ length }) => length === 0).length, of: places.length };
  }
  const missing = await Promise.all(planes.map(async (plane) => await plane.countMissing()));
  return { missing: missing.reduce((sum, one) => sum + one, 0), of: columns * rows * planes.length };
}

function rangeOf({ tileWidth, tileHeight }: TiledPicture, { x, y, width, height }: PixelBox): TileRange {
  const [column, row] = [Math.floor(x / tileWidth), Math.floor(y / tileHeight)];
  return {
    column,
    row,
    columns: Math.floor((x + width - 1) / tileWidth) + 1 - column,
    rows: Math.floor((y + height - 1) / tileHeight) + 1 - row
  };
}

/** Row by row, of one plane or of all. */
async function placesOf(
  { planes, columns }: TiledPicture,
  range: TileRange,
  of: readonly TilePlane[] = planes
): Promise<Place[]> {
  const places: Place[][] = [];
  for (const plane of of)
    for (let row = range.row; row < range.row + range.rows; row += 1)
      places.push(await plane.places(row * columns + range.column, range.columns));
  return places.flat();
}

async function readPlane(
  name: string,
  picture: TiledPicture,
  { plane, range, box }: { readonly plane: TilePlane; readonly range: TileRange; readonly box: PixelBox }
): Promise<Uint8Array> {
  const places = await placesOf(picture, range, [plane]);
  const bytes = places.reduce((sum, { length }) => sum + length, 0);
  if (bytes > maxTileBytes)
    throw new MedGemmaError(
      "IMAGE_TOO_LARGE",
      `A part of ${name} needs ${bytes} bytes of the file; the limit is ${maxTileBytes}. Choose a greater magnification, or a smaller level.`,
      { remedy: { option: "magnification", also: ["level"] } }
    );
  const tables = picture.compression === compressions.jpeg ? await plane.tables() : null;
  const rgb = new Uint8Array(box.width * box.height * 3).fill(255);
  for (const block of blocksOf(picture, range, places)) {
    const tiles: Buffer[] = [];
    for (const place of block.places) tiles.push(await place.read());
    paste(rgb, box, await decodeBlock(picture, plane, { block, tiles, tables, box }));
  }
  return rgb;
}

interface Block extends TileRange {
  readonly places: readonly Place[];
}

/** Tiles that are decoded together: all; where some are left out, those beside each other; of JPEG 2000 each for itself. */
function blocksOf({ compression }: TiledPicture, range: TileRange, places: readonly Place[]): Block[] {
  const isSingle = isJpeg2000(compression);
  if (!isSingle && places.every(({ length }) => length > 0)) return [{ ...range, places }];
  const blocks: Block[] = [];
  for (const [index, place] of places.entries()) {
    if (place.length === 0) continue;
    const [column, row] = [range.column + (index % range.columns), range.row + Math.floor(index / range.columns)];
    const last = blocks.at(-1);
    if (!isSingle && last?.row === row && last.column + last.columns === column)
      blocks[blocks.length - 1] = { ...last, columns: last.columns + 1, places: [...last.places, place] };
    else blocks.push({ column, row, columns: 1, rows: 1, places: [place] });
  }
  return blocks;
}

/** @returns what of the block lies in the box */
async function decodeBlock(
  picture: TiledPicture,
  plane: TilePlane,
  {
    block,
    tiles,
    tables,
    box
  }: {
    readonly block: Block;
    readonly tiles: readonly Buffer[];
    readonly tables: Buffer | null;
    readonly box: PixelBox;
  }
): Promise<{ readonly rgb: Uint8Array; readonly box: PixelBox }> {
  const { tileWidth, tileHeight, isTiled, compression } = picture;
  const [left, top] = [block.column * tileWidth, block.row * tileHeight];
  const width = block.columns * tileWidth;
  // Tiles are whole, the last strip ends with the picture.
  const height = isTiled ? block.rows * tileHeight : Math.min(block.rows * tileHeight, picture.height - top);
  if (isJpeg2000(compression)) {
    const isYcbcr =
      compression === compressions.aperioYcbcr || (compression === compressions.jpeg2000 && picture.photometric === 6);
    const rgb = await decodeJpeg2000Rgb(tiles[0] ?? Buffer.alloc(0), {
      width,
      height,
      isYcbcr,
      isInverted: picture.photometric === 0
    });
    return { rgb, box: { x: left, y: top, width, height } };
  }
  // JPEG is decoded twice, to notice damage.
  if (compression === compressions.jpeg)
    for (const tile of tiles) await checkJpeg(withTables(tile, tables), { pixels: tileWidth * tileHeight });
  const [x, y] = [Math.max(box.x, left), Math.max(box.y, top)];
  const inside = {
    x,
    y,
    width: Math.min(box.x + box.width, left + width) - x,
    height: Math.min(box.y + box.height, top + height) - y
  };
  const more = await plane.tags();
  // libvips shows YCbCr as if it were RGB, but for JPEG and where chrominances are subsampled.
  const isYcbcr =
    picture.photometric === 6 &&
    compression !== compressions.jpeg &&
    (more.get(tags.ycbcrSubsampling) ?? [2, 2]).every((one) => one === 1);
  const stored = isYcbcr ? { ...picture, photometric: 2 } : picture;
  const tiff = smallTiff(stored, {
    tiles,
    tables,
    width,
    height,
    more: isYcbcr ? new Map([...more].filter(([tag]) => tag !== tags.ycbcrSubsampling)) : more
  });
  const rgb = await decodeTiffRegion(
    tiff,
    { ...inside, x: x - left, y: y - top },
    { pixels: width * height, hasAlpha: picture.hasAlpha }
  );
  return { rgb: isYcbcr ? colorToRgb({ values: rgb, bits: 8, photometric: "YBR_FULL" }) : rgb, box: inside };
}

/** An abbreviated stream and the tables that all tiles share → a whole JPEG (TIFF technical note 2). */
function withTables(tile: Buffer, tables: Buffer | null): Buffer {
  const [startOfImage, endOfImage] = [2, 2];
  return tables === null || tables.length < 4
    ? tile
    : Buffer.concat([tables.subarray(0, tables.length - endOfImage), tile.subarray(startOfImage)]);
}
