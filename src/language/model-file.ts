/**
 * Reads the header of a model's GGUF file. node-llama-cpp parses it, but reads on behind the end of a damaged file until
 * the memory is gone, so the addon looks first whether the file is whole.
 */
import { stat } from "node:fs/promises";
import { readGgufHeader, type GgufFileInfo } from "./host/gguf.js";
import { firstLine, MedGemmaError } from "../errors.js";
import { splitNames } from "../gguf/split-name.js";
import { loadAddon } from "../native/load-addon.js";
import { checkTextModel } from "./check-text-model.js";

export interface ModelFile {
  /** Of the file; of a split model that of its first part. */
  readonly path: string;
  /** Of all parts. */
  readonly byteLength: number;
  /** Bytes of each part, in order; one unless the model is split. */
  readonly partBytes: readonly number[];
  /** GGUF `general.architecture`: "gemma3" for a text model, "clip" for a projector. */
  readonly architecture: string;
  /** GGUF `general.type`: "model", "mmproj" or "adapter"; null when the file does not say. */
  readonly type: string | null;
  /** Of a split model: the keys of the first part, and the tensors of all. */
  readonly info: GgufFileInfo;
}

/** @throws MedGemmaError MODEL_NOT_FOUND, FILE_UNUSABLE, MODEL_CORRUPT */
export async function readModelFile(path: string): Promise<ModelFile> {
  const parts = splitNames(path);
  for (const part of parts) await loadAddon().checkGguf(part);
  try {
    const partBytes = await Promise.all(parts.map(async (part) => (await stat(part)).size));
    const byteLength = partBytes.reduce((sum, size) => sum + size, 0);
    const info = await readGgufHeader(path, { isSplit: parts.length > 1 });
    const { general } = info.metadata as {
      readonly general?: { readonly architecture?: unknown; readonly type?: unknown };
    };
    const { architecture, type } = general ?? {};
    if (type === "imatrix")
      throw new MedGemmaError(
        "MODEL_MISMATCH",
        `${path} is an imatrix: statistics for quantising, not a model. Name the model's own file.`
      );
    if (typeof architecture === "string")
      return { path, byteLength, partBytes, architecture, type: typeof type === "string" ? type : null, info };
  } catch (error) {
    if (error instanceof MedGemmaError) throw error;
    throw corrupt(path, `its header cannot be read (${firstLine(error)})`, error);
  }
  throw corrupt(path, "general.architecture is missing");
}

/** The same, and it must be a text model that this package runs. @throws MedGemmaError MODEL_MISMATCH too */
export async function readTextModelFile(path: string): Promise<ModelFile> {
  const file = await readModelFile(path);
  if (file.type === "adapter") {
    throw new MedGemmaError(
      "MODEL_MISMATCH",
      `${path} is an adapter (LoRA), not a text model. Give the model that it was trained on as model, and this file as lora.`,
      { remedy: { option: "model", also: ["lora"] } }
    );
  }
  if (file.architecture === "clip") {
    throw new MedGemmaError(
      "MODEL_MISMATCH",
      `${path} is a projector (mmproj), not a text model. Give the text model as model, and this file as mmproj.`,
      { remedy: { option: "model", also: ["mmproj"] } }
    );
  }
  if (file.architecture !== "gemma3") {
    throw new MedGemmaError(
      "MODEL_MISMATCH",
      `${path} is a ${file.architecture} model; expected gemma3 (MedGemma). Other models are not supported.`
    );
  }
  checkTextModel(file);
  return file;
}

function corrupt(path: string, why: string, cause?: unknown): MedGemmaError {
  return new MedGemmaError("MODEL_CORRUPT", `${path} is not a usable GGUF file: ${why}. Download or copy it again.`, {
    cause
  });
}
