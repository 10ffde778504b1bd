/**
 * Reads and checks the header of a text model's GGUF file before native code maps it. The header is parsed by
 * node-llama-cpp; the bounds that it takes on trust (counts, tensor extents against the file's size) are checked here.
 */
import { open, stat } from "node:fs/promises";
import { GgmlType, readGgufFileInfo, type GgufFileInfo } from "node-llama-cpp";
import { MedGemmaError } from "../errors.js";

export interface ModelFile {
  readonly path: string;
  readonly byteLength: number;
  /** GGUF `general.architecture`: "gemma3" for a text model, "clip" for a projector. */
  readonly architecture: string;
  readonly info: GgufFileInfo;
}

/** Magic (4), version (4), tensor count (8), metadata count (8). */
const headerBytes = 24;
/** The shortest possible entries: a key with a one-byte value, a tensor with a name of one letter. */
const minMetadataBytes = 8 + 1 + 4 + 1;
const minTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;

/** @throws MedGemmaError MODEL_NOT_FOUND, MODEL_CORRUPT */
export async function readModelFile(path: string): Promise<ModelFile> {
  const byteLength = await regularFileSize(path);
  await checkCounts(path, byteLength);
  let info: GgufFileInfo;
  try {
    info = await readGgufFileInfo(path, { sourceType: "filesystem", logWarnings: false, spliceSplitFiles: false });
  } catch (error) {
    throw corrupt(path, `its header cannot be read (${firstLine(error)})`, error);
  }
  checkTensors(path, byteLength, info);
  const architecture: unknown = info.metadata.general.architecture;
  if (typeof architecture !== "string") throw corrupt(path, "general.architecture is missing");
  return { path, byteLength, architecture, info };
}

/** The same, and it must be a text model that this package runs. @throws MedGemmaError MODEL_MISMATCH too */
export async function readTextModelFile(path: string): Promise<ModelFile> {
  const file = await readModelFile(path);
  if (file.architecture === "clip") {
    throw new MedGemmaError(
      "MODEL_MISMATCH",
      `${path} is a projector (mmproj), not a text model. Give the text model with --model and this file with --mmproj.`
    );
  }
  if (file.architecture !== "gemma3") {
    throw new MedGemmaError(
      "MODEL_MISMATCH",
      `${path} is a ${file.architecture} model; expected gemma3 (MedGemma). Other models are not supported.`
    );
  }
  return file;
}

async function regularFileSize(path: string): Promise<number> {
  try {
    const facts = await stat(path);
    if (!facts.isFile()) {
      throw new MedGemmaError("MODEL_NOT_FOUND", `${path} is a directory or device, not a GGUF file. Name the file itself.`);
    }
    return facts.size;
  } catch (error) {
    if (error instanceof MedGemmaError) throw error;
    const missing = ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
    throw new MedGemmaError(
      "MODEL_NOT_FOUND",
      missing ? `There is no model file ${path}. Check the path.` : `${path} cannot be opened: ${firstLine(error)}.`,
      { cause: error }
    );
  }
}

async function checkCounts(path: string, byteLength: number): Promise<void> {
  if (byteLength < headerBytes) throw corrupt(path, `it has ${byteLength} bytes, too few for a GGUF header`);
  const header = Buffer.alloc(headerBytes);
  try {
    await using file = await open(path, "r");
    await file.read(header, 0, headerBytes, 0);
  } catch (error) {
    throw new MedGemmaError("MODEL_NOT_FOUND", `${path} cannot be opened: ${firstLine(error)}.`, { cause: error });
  }
  if (header.toString("latin1", 0, 4) !== "GGUF") throw corrupt(path, "it does not begin with GGUF");
  const version = header.readUInt32LE(4);
  if (version !== 2 && version !== 3) throw corrupt(path, `its GGUF version is ${version}, expected 2 or 3`);
  const tensors = header.readBigUInt64LE(8);
  const keys = header.readBigUInt64LE(16);
  const least = tensors * BigInt(minTensorBytes) + keys * BigInt(minMetadataBytes);
  if (least > BigInt(byteLength)) {
    throw corrupt(path, `it claims ${tensors.toString()} tensors and ${keys.toString()} keys, more than its ${byteLength} bytes can hold`);
  }
}

function checkTensors(path: string, byteLength: number, info: GgufFileInfo): void {
  const tensors = info.tensorInfo ?? [];
  if (tensors.length === 0) throw corrupt(path, "it has no tensors");
  for (const tensor of tensors) {
    // 32 weights of the smallest type (TQ1_0, IQ1_S) need at least 6 bytes; the exact size is llama.cpp's to check.
    const elements = tensor.dimensions.reduce<bigint>((product, size) => product * BigInt(size), 1n);
    const bytesPerElement: Partial<Record<GgmlType, bigint>> = { [GgmlType.F32]: 4n, [GgmlType.F16]: 2n, [GgmlType.BF16]: 2n };
    const exact = bytesPerElement[tensor.ggmlType];
    const least = exact === undefined ? (elements * 6n) / 32n : elements * exact;
    if (BigInt(tensor.fileOffset) + least > BigInt(byteLength)) {
      throw corrupt(path, `it is cut off: tensor ${tensor.name} lies beyond its end (${byteLength} bytes)`);
    }
  }
}

function corrupt(path: string, why: string, cause?: unknown): MedGemmaError {
  return new MedGemmaError("MODEL_CORRUPT", `${path} is no usable GGUF file: ${why}. Download or copy it again.`, { cause });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
