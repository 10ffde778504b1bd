/**
 * Compressed frames → samples, in a thread of their own: it starts when the first compressed frame comes, and is ended when a
 * damaged frame keeps it for ever, as some do.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { firstLine } from "../errors.js";
import type { Codestream } from "./codestream.js";
import { DicomError } from "./dicom-error.js";
import type { Codec } from "./transfer-syntax.js";

export interface CodecJob {
  readonly encoded: Uint8Array;
  readonly codec: Exclude<Codec, "none" | "rle">;
  readonly codestream: Codestream;
  /** Of each sample in the result. */
  readonly bits: 8 | 16;
}

export type CodecAnswer = { readonly samples: Uint8Array } | { readonly failure: string };

/** Tests run the sources, and threads can only run what is built. */
const workerFile = new URL(
  import.meta.url.endsWith(".ts") ? "../../dist/dicom/codec-worker.js" : "codec-worker.js",
  import.meta.url
);

/** A sample takes 0.3 to 1.3 µs (JPEG 2000 of 16 bits, on 2 cores that others use too); 20 µs are no decoding any more. */
const limitMs = (samples: number): number => 5000 + Math.ceil(samples * 0.02);

let thread: Promise<Worker> | null = null;
let last: Promise<unknown> = Promise.resolve();

/**
 * @returns the samples, little-endian, in 1 byte up to 8 bits of precision and in 2 above (HTJ2K: always in 2); components
 *   interleaved, but as planes where the codestream says so
 * @throws DicomError
 */
export async function decodeFrame(
  encoded: Uint8Array,
  codec: CodecJob["codec"],
  codestream: Codestream
): Promise<Uint8Array> {
  const { width, height, components, precision } = codestream;
  // HTJ2K samples of 8 bits may go over both ends, which OpenJPH would clip as if they were unsigned.
  const bits = precision <= 8 && codec !== "htj2k" ? 8 : 16;
  const decoding = last.then(() =>
    decodeInThread({ encoded, codec, codestream, bits }, limitMs(width * height * components))
  );
  last = decoding.catch(() => undefined);
  const answer = await decoding;
  if ("failure" in answer) throw new DicomError(`a compressed frame is damaged (${answer.failure})`);
  const expected = (width * height * components * bits) / 8;
  if (answer.samples.length !== expected)
    throw new DicomError(`a compressed frame has ${answer.samples.length} bytes; expected ${expected}`);
  return answer.samples;
}

async function decodeInThread(job: CodecJob, limit: number): Promise<CodecAnswer> {
  thread ??= startThread();
  let worker: Worker;
  try {
    worker = await thread;
  } catch (error) {
    thread = null;
    throw error;
  }
  const timeout = AbortSignal.timeout(limit);
  worker.ref();
  try {
    worker.postMessage(job);
    const [answer] = (await once(worker, "message", { signal: timeout })) as [CodecAnswer];
    worker.unref();
    return answer;
  } catch (error) {
    thread = null;
    await worker.terminate();
    const why = timeout.aborted ? `decoding it takes more than ${Math.ceil(limit / 1000)} s` : firstLine(error);
    return { failure: why };
  }
}

/** Idle, it keeps no process from ending. */
async function startThread(): Promise<Worker> {
  const worker = new Worker(workerFile, { execArgv: [] });
  await once(worker, "message");
  worker.unref();
  return worker;
}
