// Encodes one frame for dicom.py where Python has no encoder: JPEG Lossless with any predictor, HTJ2K. By dcmjs-codecs;
// what it wrote is decoded by other software for the reference.
//
//     node scripts/reference/encode-frame.mjs < frame.json > frame.bin
//
// frame.json: {codec: "Jpeg" | "HtJpeg2000" …, context: {width, height, …}, parameters: {…}, data: base64 of the samples}
import { readFileSync } from "node:fs";
import codecs from "dcmjs-codecs";

const { codec, context, parameters, data } = JSON.parse(readFileSync(0, "utf8"));
await codecs.NativeCodecs.initializeAsync();
const encoded = codecs.NativeCodecs[`encode${codec}`](
  new codecs.Context({ ...context, decodedBuffer: Uint8Array.from(Buffer.from(data, "base64")) }),
  parameters
);
process.stdout.write(encoded.getEncodedBuffer());
