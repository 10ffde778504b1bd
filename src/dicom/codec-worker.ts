/**
 * The thread that codecs.ts starts: dcmjs-codecs, which is IJG's JPEG (8, 12 and 16 bits), CharLS, OpenJPEG and OpenJPH in
 * one WebAssembly module.
 */
import { parentPort } from "node:worker_threads";
import library from "dcmjs-codecs";
import { firstLine } from "../errors.js";
import type { CodecAnswer, CodecJob } from "./codecs.js";

const decoders = {
  jpeg: "decodeJpeg",
  "jpeg-ls": "decodeJpegLs",
  "jpeg-2000": "decodeJpeg2000",
  htj2k: "decodeHtJpeg2000"
} as const;

/** Codecs go on after these and fill the rest with gray; a picture that is damaged must not look whole. */
const damage =
  /premature end|bad Huffman code|marker 0x.. instead of|Inconsistent progression|trunc|too long|malformed|fd_write/i;

/** The library's log goes to nobody but us. */
library.log.info = library.log.error = (text: string) => {
  if (damage.test(text)) throw new Error(text.replace(/^.*::/s, ""));
};

/** A subclass of its own holds the state, which the library keeps in static fields. */
async function createCodecs(): Promise<typeof library.NativeCodecs> {
  const Codecs = class extends library.NativeCodecs {};
  await Codecs.initializeAsync({ logCodecsInfo: true });
  return Codecs;
}

let codecs = await createCodecs();

async function answer({ encoded, codec, codestream, bits }: CodecJob): Promise<CodecAnswer> {
  const { width, height, components, precision, isSigned } = codestream;
  const context = new library.Context({
    width,
    height,
    bitsAllocated: bits,
    bitsStored: precision,
    samplesPerPixel: components,
    pixelRepresentation: isSigned ? 1 : 0,
    planarConfiguration: 0,
    photometricInterpretation: components === 1 ? "MONOCHROME2" : "RGB",
    encodedBuffer: encoded
  });
  try {
    return { samples: codecs[decoders[codec]](context).getDecodedBuffer() ?? new Uint8Array() };
  } catch (error) {
    codecs = await createCodecs(); // what a failure did to the memory of the old one is unknown
    return { failure: firstLine(error) };
  }
}

parentPort?.on("message", (job: CodecJob) => void answer(job).then((given) => parentPort?.postMessage(given)));
parentPort?.postMessage("ready");
