/** The thread that jpeg-xl.ts starts for one picture: jxl-oxide in WebAssembly, JPEG XL → PNG of 8 bits in sRGB. */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { firstLine } from "../../errors.js";

export interface JpegXlJob {
  /** Paths of its parts. */
  readonly module: string;
  readonly wasm: string;
  readonly bytes: Uint8Array;
}

export type JpegXlAnswer = { readonly png: Uint8Array; readonly frames: number } | { readonly failure: string };

/** What is used of jxl-oxide-wasm. */
interface Decoder {
  readonly initSync: (options: { readonly module: Uint8Array }) => unknown;
  readonly JxlImage: new () => {
    forceSrgb: boolean;
    readonly loaded: boolean;
    readonly numLoadedKeyframes: number;
    readonly feedBytes: (bytes: Uint8Array) => void;
    readonly tryInit: () => boolean;
    readonly render: () => { readonly encodeToPng: () => Uint8Array };
  };
}

async function answer({ module, wasm, bytes }: JpegXlJob): Promise<JpegXlAnswer> {
  const { initSync, JxlImage } = (await import(pathToFileURL(module).href)) as Decoder;
  initSync({ module: readFileSync(wasm) });
  const image = new JxlImage();
  image.feedBytes(bytes);
  // It would show what has come so far.
  if (!image.tryInit() || !image.loaded) return { failure: "it is cut off" };
  image.forceSrgb = true;
  return { png: image.render().encodeToPng(), frames: image.numLoadedKeyframes };
}

const given = await answer(workerData as JpegXlJob).catch((error: unknown): JpegXlAnswer => ({
  failure: firstLine(error)
}));
parentPort?.postMessage(given);
