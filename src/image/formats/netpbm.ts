/** PBM, PGM and PPM, as text (P1 to P3) and as bytes (P4 to P6): one number after the other, big-endian above 255. */
import { roundHalfEven } from "../../shared/round-half-even.js";
import { levels, type OpenPicture, type Raster } from "../raster.js";

/** Netpbm's own limit, which makes 16 bits. */
const mostWhite = 65_535;

interface Header {
  /** 1 to 6, the digit behind the P. */
  readonly kind: number;
  readonly width: number;
  readonly height: number;
  /** The greatest value; 1 for PBM. */
  readonly white: number;
  /** Where the samples begin. */
  readonly start: number;
}

export function isNetpbm(bytes: Uint8Array): boolean {
  const [letter, kind = 0, space = 0] = bytes;
  return letter === 0x50 && kind >= 0x31 && kind <= 0x36 && (isSpace(space) || space === 0x23);
}

/** @throws Error for a damaged header */
export function openNetpbm(bytes: Uint8Array): OpenPicture {
  const header = readHeader(bytes);
  const { width, height, white } = header;
  return { width, height, hasValues: white > 255, decode: async () => await Promise.resolve(decode(bytes, header)) };
}

function readHeader(bytes: Uint8Array): Header {
  const kind = (bytes[1] ?? 0) - 0x30;
  const reader = new NumberReader(bytes, 2);
  const [width, height] = [reader.next(), reader.next()];
  const white = kind === 1 || kind === 4 ? 1 : reader.next();
  if (width < 1 || height < 1 || white < 1 || white > mostWhite)
    throw new Error(`it says that it has ${width}×${height} pixels up to ${white}; expected up to ${mostWhite}`);
  return { kind, width, height, white, start: reader.position + (kind >= 4 ? 1 : 0) }; // one space in front of bytes
}

function decode(bytes: Uint8Array, header: Header): Raster {
  const { width, height, white, kind } = header;
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const samples =
    kind === 4
      ? unpackBits(bytes, header)
      : kind <= 3
        ? readTexts(bytes, header, channels)
        : readBytes(bytes, header, channels);
  // Of a bitmap 1 is black.
  if (white === 1 && channels === 1 && (kind === 1 || kind === 4))
    return levels(
      header,
      channels,
      Uint8Array.from(samples, (bit) => (bit === 0 ? 255 : 0))
    );
  if (white > 255) return { ...levels(header, channels, new Uint8Array()), samples: Uint16Array.from(samples), white };
  const level = Uint8Array.from({ length: white + 1 }, (_one, value) => roundHalfEven((value / white) * 255)); // as Pillow; what is beyond white is white
  return levels(
    { width, height },
    channels,
    Uint8Array.from(samples, (value) => level[value] ?? 255)
  );
}

function readBytes(
  bytes: Uint8Array,
  { width, height, white, start }: Header,
  channels: number
): Uint8Array | Uint16Array {
  const count = width * height * channels;
  const needed = count * (white > 255 ? 2 : 1);
  checkLength(bytes.length - start, needed);
  if (white <= 255) return bytes.subarray(start, start + needed);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, needed);
  return Uint16Array.from({ length: count }, (_one, index) => Math.min(white, view.getUint16(2 * index)));
}

/** Rows begin at whole bytes. */
function unpackBits(bytes: Uint8Array, { width, height, start }: Header): Uint8Array {
  const stride = Math.ceil(width / 8);
  checkLength(bytes.length - start, stride * height);
  return Uint8Array.from({ length: width * height }, (_one, index) => {
    const [row, column] = [Math.floor(index / width), index % width];
    return ((bytes[start + row * stride + (column >> 3)] ?? 0) >> (7 - (column & 7))) & 1;
  });
}

function readTexts(bytes: Uint8Array, { kind, width, height, white, start }: Header, channels: number): Uint16Array {
  const count = width * height * channels;
  checkLength(bytes.length - start, kind === 1 ? count : 2 * count - 1); // a digit for each, and what parts them
  const reader = new NumberReader(bytes, start);
  return Uint16Array.from({ length: count }, () => Math.min(white, kind === 1 ? reader.nextDigit() : reader.next()));
}

function checkLength(found: number, needed: number): void {
  if (found < needed) throw new Error(`it has ${Math.max(0, found)} bytes of pixels; expected ${needed}`);
}

/** Numbers with blanks and comments between them. */
class NumberReader {
  readonly #bytes: Uint8Array;
  position: number;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.position = position;
  }

  next(): number {
    let value = this.nextDigit();
    for (let digit = this.#digit(); digit !== null && value <= 2 ** 32; digit = this.#digit()) {
      value = 10 * value + digit;
      this.position += 1;
    }
    return value;
  }

  /** Bits of a PBM need not be parted. */
  nextDigit(): number {
    for (
      let byte = this.#bytes[this.position];
      byte !== undefined && (isSpace(byte) || byte === 0x23);
      byte = this.#bytes[this.position]
    ) {
      if (byte === 0x23)
        while (this.position < this.#bytes.length && this.#bytes[this.position] !== 0x0a) this.position += 1;
      else this.position += 1;
    }
    const digit = this.#digit();
    if (digit === null) throw new Error(`a number is missing at byte ${this.position}`);
    this.position += 1;
    return digit;
  }

  #digit(): number | null {
    const digit = (this.#bytes[this.position] ?? 0) - 0x30;
    return digit >= 0 && digit <= 9 ? digit : null;
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
