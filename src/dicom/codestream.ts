/**
 * What a compressed frame says of itself: read before a codec sees it, so that no codec takes memory for sizes that the
 * file does not have. Only markers up to the first scan are looked at.
 */
import { DicomError } from "./dicom-error.js";
import type { Codec } from "./transfer-syntax.js";

export interface Codestream {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** Bits of a sample. */
  readonly precision: number;
  /** JPEG 2000 only; the JPEG formats know no signed samples. */
  readonly isSigned: boolean;
  /** JPEG 2000: whether a colour transform turns the components into RGB. */
  readonly hasColorTransform: boolean;
  /** JPEG: what the stream says of the colours, where it says something. */
  readonly color: "RGB" | "YBR" | null;
  /** By what: component ids "R", "G", "B", a marker, or chroma of fewer samples, which RGB has not. */
  readonly colorFrom: "component ids" | "JFIF marker" | "Adobe marker" | "subsampling" | null;
  /** JPEG: whether it is one of the lossy processes, whose colours are usually YBR. */
  readonly isLossyJpeg: boolean;
  /** JPEG-LS: whether the components follow each other as planes. */
  readonly isPlanar: boolean;
}

const unsaid = {
  isSigned: false,
  hasColorTransform: false,
  color: null,
  colorFrom: null,
  isLossyJpeg: false,
  isPlanar: false
} as const;

/** By how a frame begins; null for bytes of no codec that is read here, or too few. */
export function codecOf(bytes: Uint8Array): Exclude<Codec, "none"> | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (view.getUint32(0) >>> 8 === 0xffd8ff) return codecOfJpeg(view);
    const segments = view.getUint32(0, true);
    if (segments >= 1 && segments <= 15 && view.getUint32(4, true) === 64) return "rle"; // PS3.5 G.5: its header has 64 bytes
    const start = codestreamStart(view);
    return view.getUint32(start) === 0xff4fff51 ? codecOfJpeg2000(view, start) : null;
  } catch (error) {
    if (error instanceof RangeError || error instanceof DicomError) return null;
    throw error;
  }
}

function codecOfJpeg(view: DataView): "jpeg" | "jpeg-ls" | null {
  for (let offset = 2; ;) {
    const marker = view.getUint16(offset) & 0xff;
    if (isFrameHeader(marker, "jpeg-ls")) return "jpeg-ls";
    if (isFrameHeader(marker, "jpeg")) return "jpeg";
    if (marker === 0xda || marker === 0xd9) return null;
    offset += marker === 0xff ? 1 : 2 + view.getUint16(offset + 2);
  }
}

/** Part 15 says in its capabilities that it is there (ISO 15444-15 A.3). */
function codecOfJpeg2000(view: DataView, start: number): "jpeg-2000" | "htj2k" {
  const behindSize = start + 4 + view.getUint16(start + 4);
  return view.getUint16(behindSize) === 0xff50 && (view.getUint32(behindSize + 4) & 0x20000) !== 0
    ? "htj2k"
    : "jpeg-2000";
}

/** @throws DicomError when the bytes are no such codestream */
export function readCodestream(bytes: Uint8Array, codec: Exclude<Codec, "none" | "rle">): Codestream {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return codec === "jpeg" || codec === "jpeg-ls" ? readJpeg(view, codec) : readJpeg2000(view);
  } catch (error) {
    if (error instanceof RangeError) throw new DicomError("a compressed frame is cut off", { cause: error });
    throw error;
  }
}

/** ISO 10918-1 annex B; JPEG-LS (ISO 14495-1 annex C) has the same markers with a frame header SOF55. */
function readJpeg(view: DataView, codec: "jpeg" | "jpeg-ls"): Codestream {
  if (view.getUint16(0) !== 0xffd8)
    throw new DicomError(`a compressed frame is no ${codec === "jpeg" ? "JPEG" : "JPEG-LS"} picture`);
  let frame: Codestream | null = null;
  let [isJfif, adobe] = [false, null as number | null];
  for (let offset = 2; ;) {
    if (view.getUint8(offset) !== 0xff) throw new DicomError("a compressed frame has a damaged header");
    const marker = view.getUint8(offset + 1);
    if (marker === 0xff) {
      offset += 1; // fill byte
      continue;
    }
    const length = view.getUint16(offset + 2);
    if (length < 2) throw new DicomError("a compressed frame has a damaged header");
    if (marker === 0xe0 && length >= 6 && view.getUint32(offset + 4) === 0x4a464946) isJfif = true; // "JFIF"
    if (marker === 0xee && length >= 14 && view.getUint32(offset + 4) === 0x41646f62)
      adobe = view.getUint8(offset + 15); // "Adobe", its transform
    if (isFrameHeader(marker, codec))
      frame = { ...readFrameHeader(view, offset + 4), isLossyJpeg: codec === "jpeg" && marker !== 0xc3 };
    if (marker === 0xda) {
      if (frame === null) throw new DicomError("a compressed frame has no frame header of its kind");
      const components = view.getUint8(offset + 4);
      const interleave = view.getUint8(offset + 4 + 1 + 2 * components + 1);
      return {
        ...frame,
        ...colorOf(frame, isJfif, adobe),
        isPlanar: codec === "jpeg-ls" && frame.components > 1 && interleave === 0
      };
    }
    offset += 2 + length;
  }
}

/**
 * Component ids and JFIF first, as pydicom; then the Adobe marker (ITU-T T.872 6.5.3), as libjpeg and Pillow: 0 for RGB, 1 for YBR;
 * then chroma of fewer samples.
 */
function colorOf(
  { color, colorFrom }: Codestream,
  isJfif: boolean,
  adobe: number | null
): Pick<Codestream, "color" | "colorFrom"> {
  if (colorFrom === "component ids") return { color, colorFrom };
  if (isJfif) return { color: "YBR", colorFrom: "JFIF marker" };
  if (adobe === 0 || adobe === 1) return { color: adobe === 0 ? "RGB" : "YBR", colorFrom: "Adobe marker" };
  return { color, colorFrom };
}

/** SOF0 to SOF3: Huffman-coded, not hierarchical; SOF55 is JPEG-LS. Arithmetic coding has no DICOM transfer syntax. */
function isFrameHeader(marker: number, codec: "jpeg" | "jpeg-ls"): boolean {
  return codec === "jpeg" ? marker >= 0xc0 && marker <= 0xc3 : marker === 0xf7;
}

function readFrameHeader(view: DataView, offset: number): Codestream {
  const components = view.getUint8(offset + 5);
  const ids = Array.from({ length: components }, (_one, index) =>
    String.fromCharCode(view.getUint8(offset + 6 + 3 * index))
  ).join("");
  const samplings = Array.from({ length: components }, (_one, index) => view.getUint8(offset + 7 + 3 * index));
  const isRgb = ids.toUpperCase() === "RGB";
  const isSubsampled = components === 3 && samplings[1] === samplings[2] && samplings[0] !== samplings[1];
  return {
    ...unsaid,
    precision: view.getUint8(offset),
    height: view.getUint16(offset + 1),
    width: view.getUint16(offset + 3),
    components,
    color: isRgb ? "RGB" : isSubsampled ? "YBR" : null,
    colorFrom: isRgb ? "component ids" : isSubsampled ? "subsampling" : null
  };
}

/** ISO 15444-1 annex A; the codestream may be wrapped in a JP2 file. */
function readJpeg2000(view: DataView): Codestream {
  let offset = codestreamStart(view);
  if (view.getUint32(offset) !== 0xff4fff51) throw new DicomError("a compressed frame is no JPEG 2000 picture");
  const siz = offset + 4;
  const [width, height] = [
    view.getUint32(siz + 4) - view.getUint32(siz + 12),
    view.getUint32(siz + 8) - view.getUint32(siz + 16)
  ];
  const components = view.getUint16(siz + 36);
  const depth = view.getUint8(siz + 38); // the highest bit tells whether samples are signed
  for (let index = 0; index < Math.min(components, 4); index += 1) {
    const component = siz + 38 + 3 * index;
    if (view.getUint8(component) !== depth)
      throw new DicomError("a compressed frame has components of different depth");
    if (view.getUint16(component + 1) !== 0x0101)
      throw new DicomError("a compressed frame has subsampled components, which are not read here");
  }
  for (
    offset = siz + view.getUint16(siz);
    view.getUint16(offset) !== 0xff52;
    offset += 2 + view.getUint16(offset + 2)
  ) {
    if (view.getUint8(offset) !== 0xff || view.getUint16(offset) === 0xff90)
      throw new DicomError("a compressed frame has a damaged header");
  }
  const hasColorTransform = view.getUint8(offset + 8) !== 0;
  return {
    ...unsaid,
    width,
    height,
    components,
    precision: (depth & 0x7f) + 1,
    isSigned: depth > 0x7f,
    hasColorTransform
  };
}

function codestreamStart(view: DataView): number {
  if (view.getUint32(0) !== 12) return 0; // the signature box of a JP2 file has 12 bytes
  for (let offset = 0; ;) {
    const [length, type] = [view.getUint32(offset), view.getUint32(offset + 4)];
    if (type === 0x6a703263) return offset + 8; // "jp2c"
    if (length < 8) throw new DicomError("a compressed frame has a damaged header");
    offset += length;
  }
}
