/** The frames of a level in DICOM as tiles: where each lies on the slide, and where its bytes lie in the file. */
import { readCodestream } from "../../dicom/codestream.js";
import { DicomError } from "../../dicom/dicom-error.js";
import type { WholeSlideHeader } from "../../dicom/whole-slide.js";
import { MedGemmaError } from "../../errors.js";
import { tags } from "../../tiff/tiff-file.js";
import type { SlideSource } from "../slide-source.js";
import { compressions, type Place, type TiledPicture, type TilePlane } from "../tiled-picture.js";

/** A file of the level, open. */
export interface SlideFrames {
  readonly source: SlideSource;
  readonly header: WholeSlideHeader;
}

/** PS3.5 A.4: a fragment is an item; behind its tag its length. */
const itemTag = Buffer.from([0xfe, 0xff, 0x00, 0xe0]);
const itemHeaderBytes = 8;

/** Colours of TIFF. */
const [whiteIsZero, blackIsZero, rgb, ycbcr] = [0, 1, 2, 6] as const;

/**
 * @param files Of one level: one, or the parts that it was split into.
 * @throws DicomError for what is not read here
 */
export function tiledPictureOf(
  name: string,
  files: readonly SlideFrames[]
): { readonly picture: TiledPicture; readonly notes: readonly string[] } {
  const [first] = files;
  if (first === undefined) throw new DicomError("it has no level");
  const { width, height, pixel, codec, transferSyntax } = first.header;
  const [tileWidth, tileHeight] = [pixel.columns, pixel.rows];
  const isAlike = ({ header }: SlideFrames): boolean =>
    header.codec === codec &&
    header.pixel.columns === tileWidth &&
    header.pixel.rows === tileHeight &&
    header.pixel.photometric === pixel.photometric;
  if (!files.every(isAlike)) throw new DicomError("the parts of a level differ in how they are stored");
  if (pixel.bitsAllocated !== 8 || pixel.bitsStored !== 8 || pixel.photometric === "PALETTE COLOR")
    throw new DicomError(
      `its tiles are ${pixel.photometric} with ${pixel.bitsStored} bits; expected gray or colours of 8 bits, as of a brightfield slide`
    );
  const compression =
    codec === "none"
      ? compressions.none
      : codec === "jpeg"
        ? compressions.jpeg
        : codec === "jpeg-2000"
          ? compressions.jpeg2000
          : null;
  if (compression === null)
    throw new DicomError(
      `its tiles are ${transferSyntax}; for slides, JPEG, JPEG 2000 and uncompressed tiles are read`
    );
  const [columns, rows] = [Math.ceil(width / tileWidth), Math.ceil(height / tileHeight)];
  const frames = new Map<number, { readonly of: FrameReader; readonly frame: number }>();
  const notes = new Set<string>();
  for (const file of files) {
    const reader = new FrameReader(name, file);
    for (const { tile, frame } of placesOf(file.header, { columns, rows, notes }))
      if (!frames.has(tile)) frames.set(tile, { of: reader, frame });
  }
  const plane: TilePlane = {
    places: async (start, count) => {
      const places: Place[] = [];
      for (let tile = start; tile < start + count; tile += 1) {
        const found = frames.get(tile);
        places.push(
          found === undefined
            ? { length: 0, read: async () => await Promise.resolve(Buffer.alloc(0)) }
            : await found.of.place(found.frame)
        );
      }
      return places;
    },
    countMissing: async () => await Promise.resolve(columns * rows - frames.size),
    tables: async () => await Promise.resolve(null),
    tags: async () =>
      await Promise.resolve(
        new Map(codec === "none" && photometricOf(first.header) === ycbcr ? [[tags.ycbcrSubsampling, [1, 1]]] : [])
      )
  };
  const picture = {
    width,
    height,
    planes: [plane],
    isTiled: true,
    tileWidth,
    tileHeight,
    columns,
    rows,
    compression,
    samples: pixel.samplesPerPixel,
    photometric: photometricOf(first.header),
    hasAlpha: false
  };
  return { picture, notes: [...notes] };
}

function photometricOf({ pixel: { photometric } }: WholeSlideHeader): number {
  if (photometric === "MONOCHROME1") return whiteIsZero;
  if (photometric === "MONOCHROME2") return blackIsZero;
  return photometric.startsWith("YBR_FULL") ? ycbcr : rgb;
}

/** Which frame is which tile: by its place, or row by row, then by focal planes, then by optical paths (PS3.3 C.7.6.17.3). */
function placesOf(
  header: WholeSlideHeader,
  { columns, rows, notes }: { readonly columns: number; readonly rows: number; readonly notes: Set<string> }
): { readonly tile: number; readonly frame: number }[] {
  const { positions, pixel, focalPlanes, opticalPaths, firstFrame } = header;
  if (opticalPaths > 1) notes.add(`the first of ${opticalPaths} optical paths`);
  if (positions === null) {
    const tiles = columns * rows;
    const shown = Math.floor((focalPlanes - 1) / 2);
    if (focalPlanes > 1) notes.add(`focal plane ${shown + 1} of ${focalPlanes}`);
    if (firstFrame + pixel.frames > tiles * focalPlanes * opticalPaths)
      notes.add("left out: frames beyond the tiles that the file speaks of");
    return Array.from({ length: pixel.frames }, (_one, frame) => frame).flatMap((frame) =>
      Math.floor((firstFrame + frame) / tiles) === shown ? [{ tile: (firstFrame + frame) % tiles, frame }] : []
    );
  }
  if (focalPlanes > 1) notes.add(`the first of ${focalPlanes} focal planes`);
  return positions.map(({ x, y }, frame) => {
    const [column, row] = [x / pixel.columns, y / pixel.rows];
    if (!Number.isInteger(column) || !Number.isInteger(row))
      throw new DicomError("its tiles do not lie on a grid, which is not read here");
    if (column < 0 || row < 0 || column >= columns || row >= rows)
      throw new DicomError("a tile of it lies outside of the slide");
    return { tile: row * columns + column, frame };
  });
}

/** Bytes of the frames of one file. Offsets are looked up when the first frame is asked for. */
class FrameReader {
  readonly #name: string;
  readonly #source: SlideSource;
  readonly #header: WholeSlideHeader;
  #offsets: Promise<readonly number[]> | null = null;

  constructor(name: string, { source, header }: SlideFrames) {
    this.#name = name;
    this.#source = source;
    this.#header = header;
  }

  async place(frame: number): Promise<Place> {
    const { pixel, codec, pixelsAt, pixelBytes } = this.#header;
    if (codec === "none") {
      const length = pixel.rows * pixel.columns * pixel.samplesPerPixel;
      if ((pixelBytes ?? 0) < length * pixel.frames)
        throw this.#damaged(`it says that it has ${pixel.frames} frames, but holds ${pixelBytes ?? 0} bytes of pixels`);
      return { length, read: async () => this.#interleaved(await this.#read(pixelsAt + frame * length, length)) };
    }
    this.#offsets ??= this.#findOffsets();
    const offsets = await this.#offsets;
    const at = offsets[frame];
    if (at === undefined) throw this.#damaged(`it has no pixels of frame ${frame + 1}`);
    const next = offsets[frame + 1];
    const [head, length] = [await this.#read(at, itemHeaderBytes), (next ?? 0) - at];
    if (!head.subarray(0, 4).equals(itemTag))
      throw this.#damaged(`frame ${frame + 1} is not where the list of frames says`);
    return {
      length: next === undefined ? head.readUInt32LE(4) : length,
      read: async () => this.#checked(await this.#fragments(at, next))
    };
  }

  /** An item, and those behind it up to the next frame. */
  async #fragments(at: number, next: number | undefined): Promise<Buffer> {
    const found: Buffer[] = [];
    for (let place = at; next === undefined ? found.length === 0 : place < next;) {
      const head = await this.#read(place, itemHeaderBytes);
      const length = head.readUInt32LE(4);
      if (!head.subarray(0, 4).equals(itemTag) || (next !== undefined && place + itemHeaderBytes + length > next))
        throw this.#damaged("a compressed frame is cut off");
      found.push(await this.#read(place + itemHeaderBytes, length));
      place += itemHeaderBytes + length;
    }
    return found.length === 1 && found[0] !== undefined ? found[0] : Buffer.concat(found);
  }

  /** The tile itself must be what the file says, before it is decoded as one of many. */
  #checked(bytes: Buffer): Buffer {
    const { codec, pixel } = this.#header;
    if (codec !== "jpeg") return bytes;
    const { width, height, components, precision, color } = readCodestream(bytes, codec);
    if (width !== pixel.columns || height !== pixel.rows || components !== pixel.samplesPerPixel || precision !== 8)
      throw this.#damaged(
        `a tile has ${width}×${height} pixels of ${components} samples; expected ${pixel.columns}×${pixel.rows} of ${pixel.samplesPerPixel}`
      );
    if (components === 3 && color !== null && (color === "RGB") !== (photometricOf(this.#header) === rgb))
      throw this.#damaged(`its tiles are ${color} by their markers, but ${pixel.photometric} by its attributes`);
    return bytes;
  }

  /** Planes of red, green and blue → samples side by side. */
  #interleaved(bytes: Buffer): Buffer {
    const { pixel } = this.#header;
    if (pixel.planarConfiguration === 0 || pixel.samplesPerPixel === 1) return bytes;
    const [mixed, count] = [Buffer.alloc(bytes.length), pixel.rows * pixel.columns];
    for (let at = 0; at < count; at += 1)
      for (let sample = 0; sample < 3; sample += 1) mixed[3 * at + sample] = bytes[sample * count + at] ?? 0;
    return mixed;
  }

  /** Of each frame in the file: by the extended or the basic table, else by the items themselves, one for each frame. */
  async #findOffsets(): Promise<readonly number[]> {
    const { pixelsAt, pixel, extendedOffsets } = this.#header;
    const head = await this.#read(pixelsAt, itemHeaderBytes);
    if (!head.subarray(0, 4).equals(itemTag))
      throw this.#damaged("its pixels are not encapsulated, as its transfer syntax says");
    const tableBytes = head.readUInt32LE(4);
    const base = pixelsAt + itemHeaderBytes + tableBytes;
    if (tableBytes > 4 * pixel.frames)
      throw this.#damaged(`its basic offset table has ${tableBytes} bytes for ${pixel.frames} frames`);
    const basic = tableBytes === 0 ? null : await this.#read(pixelsAt + itemHeaderBytes, tableBytes);
    const relative =
      extendedOffsets ??
      (basic === null
        ? null
        : Array.from({ length: Math.floor(tableBytes / 4) }, (_one, index) => basic.readUInt32LE(4 * index)));
    if (relative !== null && relative.length === pixel.frames && (pixel.frames === 1 || relative.at(-1) !== 0))
      return relative.map((offset) => base + offset);
    const items: number[] = [];
    for (let at = base; at + itemHeaderBytes <= this.#source.size && items.length <= pixel.frames;) {
      const item = await this.#read(at, itemHeaderBytes);
      if (!item.subarray(0, 4).equals(itemTag)) break;
      items.push(at);
      at += itemHeaderBytes + item.readUInt32LE(4);
    }
    if (items.length !== pixel.frames)
      throw this.#damaged(
        `it says that it has ${pixel.frames} frames, but holds ${items.length > pixel.frames ? "more" : items.length} fragments and no list of frames`
      );
    return items;
  }

  async #read(at: number, length: number): Promise<Buffer> {
    if (!(at >= 0 && at + length <= this.#source.size))
      throw this.#damaged(`${length} bytes are wanted at ${at} of ${this.#source.size}`);
    const bytes = await this.#source.read(at, length);
    if (bytes.length < length) throw this.#damaged("it became shorter while it was read");
    return bytes;
  }

  #damaged(why: string): Error {
    return new MedGemmaError("IMAGE_UNREADABLE", `${this.#name} is damaged or incomplete: ${why}.`);
  }
}
