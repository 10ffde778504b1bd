/** Windows bitmaps: 1 to 32 bits a pixel, with a palette, with masks, or run-length encoded. */
import { UnreadForm } from "../unread-form.js";
import { levels, type OpenPicture, type Raster } from "../raster.js";

/** biCompression. */
const [plain, rle8, rle4, bitfields, alphaBitfields] = [0, 1, 2, 3, 6] as const;

const fileHeaderBytes = 14;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly isTopDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Where the pixels begin. */
  readonly start: number;
  /** RGB of each index. */
  readonly palette: Uint8Array;
  /** Of red, green, blue and alpha; 0: there is none. */
  readonly masks: readonly [number, number, number, number];
}

export function isBmp(bytes: Uint8Array): boolean {
  return bytes[0] === 0x42 && bytes[1] === 0x4d && bytes.length >= fileHeaderBytes + 12;
}

/** @throws Error for what is damaged or not read here */
export function openBmp(bytes: Uint8Array): OpenPicture {
  const header = readHeader(bytes);
  return {
    width: header.width,
    height: header.height,
    hasValues: false,
    decode: async () => await Promise.resolve(decode(bytes, header))
  };
}

function readHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint32(fileHeaderBytes, true);
  const at = fileHeaderBytes;
  const isOld = size === 12; // of OS/2
  if (!isOld && (size < 16 || size > 2 ** 16 || at + size > bytes.length || (size < 40 && size !== 16)))
    throw new Error(`its header has ${size} bytes`);
  const [width, signed] = isOld
    ? [view.getUint16(at + 4, true), view.getInt16(at + 6, true)]
    : [view.getInt32(at + 4, true), view.getInt32(at + 8, true)];
  const bits = view.getUint16(at + (isOld ? 10 : 14), true);
  const compression = size >= 40 ? view.getUint32(at + 16, true) : plain;
  const height = Math.abs(signed);
  if (width < 1 || height < 1) throw new Error(`it says that it has ${width}×${signed} pixels`);
  const isKnown =
    (compression === plain && [1, 4, 8, 16, 24, 32].includes(bits)) ||
    (compression === rle8 && bits === 8) ||
    (compression === rle4 && bits === 4) ||
    ((compression === bitfields || compression === alphaBitfields) && [16, 32].includes(bits));
  if (!isKnown) throw new UnreadForm(`BMP of ${bits} bits a pixel with compression ${compression}`);
  const hasMasks = compression === bitfields || compression === alphaBitfields;
  const maskAt = at + 40; // in a header of its own behind that of 40 bytes, or inside of a larger one
  const maskCount = hasMasks ? (compression === alphaBitfields || size >= 56 ? 4 : 3) : 0;
  if (maskAt + 4 * maskCount > bytes.length) throw new Error("it is cut off in its header");
  const read = Array.from({ length: maskCount }, (_one, index) => view.getUint32(maskAt + 4 * index, true));
  const [red = 0, green = 0, blue = 0, alpha = 0] = hasMasks
    ? read
    : bits === 16
      ? [0x7c00, 0x03e0, 0x001f]
      : [0xff0000, 0x00ff00, 0x0000ff];
  const paletteAt = at + size + (size === 40 ? 4 * maskCount : 0);
  const used = size >= 36 ? view.getUint32(at + 32, true) : 0;
  const count = used > 0 && used < 2 ** bits ? used : 2 ** bits; // 0: as many as there can be
  const start = view.getUint32(10, true);
  if (bits <= 8 && used > 0 && start < paletteAt + 4 * count)
    throw new Error(`its pixels begin at byte ${start}, inside of its palette`);
  return {
    width,
    height,
    isTopDown: signed < 0,
    bits,
    compression,
    start,
    palette: readPalette(bytes, { at: paletteAt, bits, count, entryBytes: isOld ? 3 : 4 }),
    masks: [red, green, blue, alpha]
  };
}

/** Blue, green, red; what is missing is black. */
function readPalette(
  bytes: Uint8Array,
  {
    at,
    bits,
    count,
    entryBytes
  }: { readonly at: number; readonly bits: number; readonly count: number; readonly entryBytes: number }
): Uint8Array {
  const palette = new Uint8Array(3 * 256);
  if (bits > 8) return palette;
  for (let index = 0; index < count; index += 1)
    for (let colour = 0; colour < 3; colour += 1)
      palette[3 * index + colour] = bytes[at + entryBytes * index + 2 - colour] ?? 0;
  return palette;
}

function decode(bytes: Uint8Array, header: Header): Raster {
  const { width, height, bits, compression, start, isTopDown, palette, masks } = header;
  const isRunLength = compression === rle8 || compression === rle4;
  const stride = Math.ceil((width * bits) / 32) * 4;
  const needed = stride * (height - 1) + Math.ceil((width * bits) / 8);
  if (!isRunLength && start + needed > bytes.length)
    throw new Error(`it has ${Math.max(0, bytes.length - start)} bytes of pixels; expected ${needed}`);
  const indices = isRunLength ? decodeRunLengths(bytes.subarray(start), header) : null;
  const rgb = new Uint8Array(width * height * 3);
  const pixel = bits > 8 ? pixelReader(bytes, { bits, masks }) : null;
  for (let row = 0; row < height; row += 1) {
    const from = start + (isTopDown ? row : height - 1 - row) * stride;
    for (let column = 0; column < width; column += 1) {
      const to = (row * width + column) * 3;
      if (pixel !== null) {
        pixel(from + (column * bits) / 8, rgb, to);
        continue;
      }
      const index =
        indices === null
          ? ((bytes[from + ((column * bits) >> 3)] ?? 0) >> (8 - bits - ((column * bits) & 7))) & (2 ** bits - 1)
          : (indices[(isTopDown ? row : height - 1 - row) * width + column] ?? 0);
      rgb.set(palette.subarray(3 * index, 3 * index + 3), to);
    }
  }
  return levels({ width, height }, 3, rgb);
}

/** Little-endian pixels with masks; where there is alpha, it is put on black. */
function pixelReader(
  bytes: Uint8Array,
  { bits, masks }: Pick<Header, "bits" | "masks">
): (at: number, rgb: Uint8Array, to: number) => void {
  if (bits === 24) {
    return (at, rgb, to) => {
      rgb[to] = bytes[at + 2] ?? 0;
      rgb[to + 1] = bytes[at + 1] ?? 0;
      rgb[to + 2] = bytes[at] ?? 0;
    };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const channels = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, shift, most: mask >>> shift };
  });
  const [red, green, blue, alpha] = channels;
  const level = (word: number, channel: (typeof channels)[number] | undefined): number =>
    channel === undefined || channel.most === 0
      ? 0
      : Math.floor((((word & channel.mask) >>> channel.shift) * 255) / channel.most);
  return (at, rgb, to) => {
    const word = bits === 16 ? view.getUint16(at, true) : view.getUint32(at, true);
    const opacity = alpha === undefined || alpha.most === 0 ? 255 : level(word, alpha);
    for (const [index, channel] of [red, green, blue].entries())
      rgb[to + index] = Math.floor((level(word, channel) * opacity) / 255);
  };
}

/** Pairs of count and value, and escapes: rows in the order of the file. What is passed over is index 0. */
function decodeRunLengths(bytes: Uint8Array, { width, height, compression }: Header): Uint8Array {
  const indices = new Uint8Array(width * height);
  const is4 = compression === rle4;
  let [x, y, at] = [0, 0, 0];
  const put = (index: number): void => {
    if (y >= height) throw new Error("its run lengths leave the picture");
    if (x < width) indices[y * width + x] = index;
    x += 1;
  };
  for (;;) {
    const [count, value] = [bytes[at], bytes[at + 1]];
    if (count === undefined || value === undefined) throw new Error("its run lengths are cut off");
    at += 2;
    if (count > 0) {
      for (let index = 0; index < count; index += 1) put(is4 ? (index % 2 === 0 ? value >> 4 : value & 15) : value);
    } else if (value === 0) [x, y] = [0, y + 1];
    else if (value === 1) return indices;
    else if (value === 2) {
      [x, y] = [x + (bytes[at] ?? 0), y + (bytes[at + 1] ?? 0)];
      at += 2;
    } else {
      for (let index = 0; index < value; index += 1) {
        const byte = bytes[at + (is4 ? index >> 1 : index)];
        if (byte === undefined) throw new Error("its run lengths are cut off");
        put(is4 ? (index % 2 === 0 ? byte >> 4 : byte & 15) : byte);
      }
      at += 2 * Math.ceil(Math.ceil(is4 ? value / 2 : value) / 2); // runs begin at words
    }
    if (y >= height && bytes[at] === undefined) return indices;
  }
}
