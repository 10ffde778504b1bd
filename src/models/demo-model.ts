/** The model that comes with the package. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unpackedPath } from "../shared/unpacked-path.js";

export interface ModelPaths {
  readonly id: string;
  readonly text: string;
  /** null: a text-only model. */
  readonly mmproj: string | null;
}

const folder = fileURLToPath(new URL("../../models/demo/", import.meta.url));

/** A tiny Gemma 3 that knows drawn phantoms only (models/demo/README.md). */
export const demoModel: ModelPaths = {
  id: "demo",
  text: unpackedPath(join(folder, "medgemma-demo-F32.gguf")),
  mmproj: unpackedPath(join(folder, "mmproj-F32.gguf"))
};
