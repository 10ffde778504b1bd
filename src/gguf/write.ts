/** Writes a GGUF file of given keys, with weights that are copied from another file unchanged. */
import { open, type FileHandle } from "node:fs/promises";
import { abortedError, MedGemmaError } from "../errors.js";
import { asWriteError } from "../shared/write-file.js";
import { ggufTypes, type GgufHeader, type GgufTensor, type GgufValue } from "./header.js";
import { tensorBytes } from "./tensor-bytes.js";

/** The specification's default. */
const alignment = 32;

const copyBytes = 2 ** 22;

/** A tensor of a file that is to be written. */
export interface CopiedTensor {
  /** In the new file. */
  readonly name: string;
  /** Of the file that it is copied from. */
  readonly from: GgufTensor;
}

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with each piece that was written, in order. */
  readonly onBytes?: ((bytes: Uint8Array) => void) | undefined;
}

export const uint32Value = (value: number): GgufValue => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return { type: ggufTypes.uint32, bytes };
};

export const float32Value = (value: number): GgufValue => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return { type: ggufTypes.float32, bytes };
};

export const boolValue = (value: boolean): GgufValue => ({ type: ggufTypes.bool, bytes: Buffer.from([value ? 1 : 0]) });

export const textValue = (value: string): GgufValue => ({ type: ggufTypes.string, bytes: lengthAndText(value) });

/** @param items One value each, as in the file. */
export function arrayValue(elementType: number, items: readonly Uint8Array[]): GgufValue {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(elementType);
  head.writeBigUInt64LE(BigInt(items.length), 4);
  return { type: ggufTypes.array, bytes: Buffer.concat([head, ...items]) };
}

/** Bytes of the file that `writeGguf` makes. */
export function ggufByteLength(
  source: GgufHeader,
  values: ReadonlyMap<string, GgufValue>,
  tensors: readonly CopiedTensor[]
): number {
  return (
    headerOf(source, values, tensors).length +
    tensors.reduce((sum, { from }) => sum + padded(tensorBytes(from, source.path)), 0)
  );
}

/**
 * @param path Must not exist yet.
 * @param source The file that all tensors are copied from; checked by the addon before.
 * @throws MedGemmaError FILE_UNUSABLE, DISK_FULL, ABORTED
 */
export async function writeGguf(
  path: string,
  source: GgufHeader,
  values: ReadonlyMap<string, GgufValue>,
  tensors: readonly CopiedTensor[],
  { signal, onBytes }: WriteOptions = {}
): Promise<void> {
  await using input = await open(source.path).catch((error: unknown) => {
    throw new MedGemmaError("FILE_UNUSABLE", `${source.path} cannot be read: ${(error as Error).message}.`, {
      cause: error
    });
  });
  await using output = await open(path, "wx", 0o600).catch((error: unknown) => {
    throw asWriteError(error, path);
  });
  const write = async (bytes: Uint8Array) => {
    if (signal?.aborted === true) throw abortedError(`Writing ${path}`, signal);
    try {
      for (let done = 0; done < bytes.length;) done += (await output.write(bytes, done)).bytesWritten;
    } catch (error) {
      throw asWriteError(error, path);
    }
    onBytes?.(bytes);
  };
  await write(headerOf(source, values, tensors));
  const buffer = Buffer.alloc(copyBytes);
  for (const { from } of tensors) {
    const length = tensorBytes(from, source.path);
    for (let done = 0; done < length;) {
      const bytesRead = await readSome(
        input,
        buffer,
        Math.min(copyBytes, length - done),
        source.dataOffset + from.offset + done,
        source.path
      );
      await write(buffer.subarray(0, bytesRead));
      done += bytesRead;
    }
    await write(Buffer.alloc(padded(length) - length));
  }
  await output.sync();
}

async function readSome(
  file: FileHandle,
  buffer: Buffer,
  length: number,
  position: number,
  path: string
): Promise<number> {
  const { bytesRead } = await file.read(buffer, 0, length, position).catch((error: unknown) => {
    throw new MedGemmaError("FILE_UNUSABLE", `${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  });
  if (bytesRead === 0)
    throw new MedGemmaError("FILE_UNUSABLE", `${path} became shorter while it was copied. Try again.`);
  return bytesRead;
}

function headerOf(
  { path }: GgufHeader,
  values: ReadonlyMap<string, GgufValue>,
  tensors: readonly CopiedTensor[]
): Buffer {
  // The new file has the default alignment, whatever the old one had.
  const kept = [...values].filter(([key]) => key !== "general.alignment");
  const parts: Buffer[] = [Buffer.from("GGUF"), uint32(3), uint64(tensors.length), uint64(kept.length)];
  for (const [key, { type, bytes }] of kept) parts.push(lengthAndText(key), uint32(type), bytes);
  let offset = 0;
  for (const { name, from } of tensors) {
    parts.push(
      lengthAndText(name),
      uint32(from.shape.length),
      ...from.shape.map(uint64),
      uint32(from.type),
      uint64(offset)
    );
    offset += padded(tensorBytes(from, path));
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([...parts, Buffer.alloc(padded(length) - length)]);
}

function padded(length: number): number {
  return Math.ceil(length / alignment) * alignment;
}

function lengthAndText(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  return uint32Value(value).bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
