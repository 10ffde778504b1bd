/**
 * JPEG XL. libvips as sharp ships it knows none, so jxl-oxide-wasm (MIT or Apache-2.0) is used where somebody has installed it beside
 * this package. It gives levels of 8 bits alone; pictures of more are refused, or a film of 12 bits in 16 would be black.
 */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import { firstLine, MedGemmaError } from "../../errors.js";
import { checkPictureSize } from "../../shared/picture-size.js";
import type { OpenPicture, Raster } from "../raster.js";
import { UnreadForm } from "../unread-form.js";
import type { JpegXlAnswer, JpegXlJob } from "./jpeg-xl-worker.js";
import { openWithLibvips } from "./libvips.js";

const packageName = "jxl-oxide-wasm";

/** Tests run the sources, and threads can only run what is built. */
const workerFile = new URL(
  import.meta.url.endsWith(".ts") ? "../../../dist/image/formats/jpeg-xl-worker.js" : "jpeg-xl-worker.js",
  import.meta.url
);

/** A pixel takes 0.2 to 1 µs (2 cores that others use too); 20 µs are no decoding any more. */
const limitMs = (pixels: number): number => 10_000 + Math.ceil(pixels * 0.02);

interface Header {
  readonly width: number;
  readonly height: number;
  /** Of a sample. */
  readonly bits: number;
  readonly isFloat: boolean;
}

/** A codestream alone, or a file of boxes. */
export function isJpegXl(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (
    bytes.length >= 12 &&
    (view.getUint16(0) === 0xff0a ||
      (view.getUint32(0) === 12 && view.getUint32(4) === 0x4a584c20 && view.getUint32(8) === 0x0d0a870a))
  );
}

/** @throws MedGemmaError IMAGE_UNREADABLE without a decoder; UnreadForm, Error for a damaged header */
export function openJpegXl(bytes: Uint8Array, name: string): OpenPicture {
  const decoder = findDecoder(name);
  const { width, height, bits, isFloat } = readHeader(codestreamOf(bytes));
  checkPictureSize(name, width, height);
  if (bits > 8 || isFloat)
    throw new UnreadForm(
      `JPEG XL with ${isFloat ? "floating-point samples" : `samples of ${bits} bits`}, which ${packageName} would round to 8 bits`
    );
  return {
    width,
    height,
    hasValues: false,
    decode: async () => await decode({ ...decoder, bytes }, name, width * height)
  };
}

async function decode(job: JpegXlJob, name: string, pixels: number): Promise<Raster> {
  const { png, frames } = await decodeInThread(job, limitMs(pixels));
  const picture = await openWithLibvips(
    png,
    name,
    (found) => new MedGemmaError("IMAGE_UNREADABLE", `${packageName} gave ${found}`)
  );
  const raster = await picture.decode();
  return frames > 1 ? { ...raster, notes: [`the first of ${frames} frames`, ...raster.notes] } : raster;
}

/** In a thread of its own, which is ended when a damaged file keeps it for ever; what that does to its memory is nobody's matter then. */
async function decodeInThread(job: JpegXlJob, limit: number): Promise<Extract<JpegXlAnswer, { png: Uint8Array }>> {
  const worker = new Worker(workerFile, { execArgv: [], workerData: job });
  let timer: NodeJS.Timeout | undefined;
  try {
    const answer = await new Promise<JpegXlAnswer>((resolve, reject) => {
      worker.once("message", resolve).once("error", reject);
      timer = setTimeout(() => reject(new Error(`decoding it takes more than ${Math.ceil(limit / 1000)} s`)), limit);
    });
    if ("failure" in answer) throw new Error(answer.failure);
    return answer;
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

/** @throws MedGemmaError IMAGE_UNREADABLE */
function findDecoder(name: string): Omit<JpegXlJob, "bytes"> {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${packageName}/package.json`));
    const [module, wasm] = [join(folder, "jxl_oxide_wasm.js"), join(folder, "jxl_oxide_wasm_bg.wasm")];
    for (const path of [module, wasm]) if (!existsSync(path)) throw new Error(`${path} is missing`);
    return { module, wasm };
  } catch (error) {
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} is a JPEG XL picture, whose decoder is not part of this package (${firstLine(error)}). Install one beside it (npm install ${packageName}), or convert the picture to PNG ("djxl IN.jxl OUT.png" of libjxl).`,
      { cause: error }
    );
  }
}

/** ISO 18181-2: boxes, of which "jxlc" is the codestream; "jxlp" is a part of it, behind a number of 4 bytes. */
function codestreamOf(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0) === 0xff0a) return bytes;
  for (let at = 0; at + 16 <= bytes.length;) {
    const [length, type] = [view.getUint32(at), view.getUint32(at + 4)];
    const head = length === 1 ? 16 : 8;
    if (type === 0x6a786c63) return bytes.subarray(at + head);
    if (type === 0x6a786c70) return bytes.subarray(at + head + 4);
    const whole = length === 1 ? Number(view.getBigUint64(at + 8)) : length;
    if (whole < head) break;
    at += whole;
  }
  throw new Error("it has no codestream");
}

/** SizeHeader and the beginning of ImageMetadata (ISO 18181-1, annex D). */
function readHeader(codestream: Uint8Array): Header {
  const read = bitReader(codestream.subarray(2));
  /** One of four forms, each a number and some bits that are added to it. */
  const choose = (...forms: readonly (readonly [base: number, bits: number])[]): number => {
    const [base, bits] = forms[read(2)] ?? [0, 0];
    return base + read(bits);
  };
  const { width, height } = readSize();
  if (read(1) === 1) return { width, height, bits: 8, isFloat: false }; // all as usual
  if (read(1) === 1) {
    read(3); // orientation
    if (read(1) === 1) readSize(); // as it is to be shown
    if (read(1) === 1) throw new UnreadForm("JPEG XL with a preview");
    if (read(1) === 1) {
      choose([100, 0], [1000, 0], [1, 10], [1, 30]); // ticks a second, and their divisor
      choose([1, 0], [1001, 0], [1, 8], [1, 10]);
      choose([0, 0], [0, 3], [0, 16], [0, 32]); // loops
      read(1); // timecodes
    }
  }
  const isFloat = read(1) === 1;
  const bits = isFloat ? choose([32, 0], [16, 0], [24, 0], [1, 6]) : choose([8, 0], [10, 0], [12, 0], [1, 6]);
  return { width, height, bits, isFloat };

  function readSize(): { readonly width: number; readonly height: number } {
    const isSmall = read(1) === 1;
    const edge = (): number => (isSmall ? 8 * (1 + read(5)) : choose([1, 9], [1, 13], [1, 18], [1, 30]));
    const tall = edge();
    const ratio = [null, [1, 1], [12, 10], [4, 3], [3, 2], [16, 9], [5, 4], [2, 1]][read(3)];
    return { height: tall, width: ratio == null ? edge() : Math.floor((tall * (ratio[0] ?? 1)) / (ratio[1] ?? 1)) };
  }
}

/** Bits of a byte from its lowest on; the first that is read is the lowest of a number. */
function bitReader(bytes: Uint8Array): (count: number) => number {
  let place = 0;
  return (count) => {
    let value = 0;
    for (let bit = 0; bit < count; bit += 1, place += 1) {
      const byte = bytes[place >> 3];
      if (byte === undefined) throw new Error("it is cut off in its header");
      value += ((byte >> (place & 7)) & 1) * 2 ** bit;
    }
    return value;
  };
}
