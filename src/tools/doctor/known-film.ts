/** A film of the demo model, and what Pillow and transformers make of it (scripts/reference/doctor.py). */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export interface KnownFilm {
  /** Path of the picture. */
  readonly film: string;
  readonly question: string;
  /** sha256 (hex) of the square picture. */
  readonly pixels: string;
  /** Of each stage, one value in so many is known. */
  readonly every: number;
  /** In the order of `NativeVisionEncoder.encodeStages`. */
  readonly stages: readonly { readonly name: string; readonly values: readonly number[] }[];
  /** At the last position of the prompt; one in `every` of the vocabulary. */
  readonly logits: { readonly every: number; readonly values: readonly number[] };
  readonly answer: string;
}

const file = fileURLToPath(new URL("../../../models/demo/doctor.json", import.meta.url));

export async function readKnownFilm(): Promise<KnownFilm> {
  const known = JSON.parse(await readFile(file, "utf8")) as KnownFilm;
  return { ...known, film: resolve(dirname(file), known.film) };
}
