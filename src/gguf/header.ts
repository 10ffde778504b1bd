/**
 * The header of a GGUF file (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): its keys and its list of tensors. Each
 * value keeps its bytes, so that a header can be written again with only a few of them changed. Loads no weights.
 *
 * The addon's `checkGguf` also compares the tensors with the length of the file; ask it before anything is made of the weights.
 */
import { MedGemmaError } from "../errors.js";
import { openRegularFile } from "../shared/regular-file.js";

/** Value types of the specification, by their numbers. */
export const ggufTypes = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
  int64: 11,
  float64: 12
} as const;

/** Bytes of the types that have a fixed size, by their numbers. */
const sizes: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };

/** The value of a key. */
export interface GgufValue {
  readonly type: number;
  /** As in the file, behind the type; of an array with its element type and count. */
  readonly bytes: Buffer;
}

/** The description of a tensor. */
export interface GgufTensor {
  readonly name: string;
  /** The contiguous size first. */
  readonly shape: readonly number[];
  /** Number of the ggml type. */
  readonly type: number;
  /** Bytes from the first byte of the weights. */
  readonly offset: number;
}

export interface GgufHeader {
  readonly path: string;
  /** Of the whole file. */
  readonly byteLength: number;
  readonly version: number;
  readonly values: ReadonlyMap<string, GgufValue>;
  /** In the order of the file. Empty where reading stopped early. */
  readonly tensors: readonly GgufTensor[];
  /** Where the weights begin, in bytes from the start of the file. */
  readonly dataOffset: number;
}

export interface ReadOptions {
  /** Asked after each key. True stops there: nothing behind it is read. */
  readonly stopAt?: (values: ReadonlyMap<string, GgufValue>) => boolean;
}

/** Most headers are 6 to 20 MB, nearly all of it vocabulary. */
const firstRead = 2 ** 18;
const largestHeader = 2 ** 27;

/** A piece of the file that the buffer does not hold yet. */
class NotReadYet extends Error {}

/** @throws MedGemmaError MODEL_NOT_FOUND, FILE_UNUSABLE; MODEL_CORRUPT for a file that is not GGUF, or whose header is not whole */
export async function readGgufHeader(path: string, { stopAt = () => false }: ReadOptions = {}): Promise<GgufHeader> {
  await using file = await openRegularFile(path).catch((error: unknown) => {
    throw asReadError(error, path);
  });
  try {
    const facts = await file.stat();
    for (let wanted = firstRead; ; wanted = Math.min(4 * wanted, largestHeader)) {
      const length = Math.min(wanted, facts.size);
      const buffer = Buffer.alloc(length);
      for (let done = 0; done < length;) {
        const { bytesRead } = await file.read(buffer, done, length - done, done);
        if (bytesRead === 0)
          throw new MedGemmaError("FILE_UNUSABLE", `${path} became shorter while it was read. Try again.`);
        done += bytesRead;
      }
      try {
        return parse(new Cursor(buffer, facts.size, path), facts.size, stopAt);
      } catch (error) {
        if (!(error instanceof NotReadYet)) throw error;
        if (length === facts.size) throw corrupt(path, "it ends inside its header");
        if (wanted >= largestHeader) throw corrupt(path, `its header is longer than ${largestHeader} bytes`);
      }
    }
  } catch (error) {
    throw asReadError(error, path);
  }
}

function parse(
  cursor: Cursor,
  byteLength: number,
  stopAt: (values: ReadonlyMap<string, GgufValue>) => boolean
): GgufHeader {
  const { path } = cursor;
  if (byteLength < 4 || cursor.take(4).toString("latin1") !== "GGUF")
    throw new MedGemmaError("MODEL_CORRUPT", `${path} is not a GGUF file: it does not begin with "GGUF".`);
  const version = cursor.uint32();
  if (version < 2 || version > 3) throw corrupt(path, `GGUF version 2 or 3 expected, found ${version}`);
  const tensorCount = cursor.uint64();
  const valueCount = cursor.uint64();
  const values = new Map<string, GgufValue>();
  for (let index = 0; index < valueCount; index += 1) {
    const key = cursor.string();
    if (values.has(key)) throw corrupt(path, `the key ${JSON.stringify(key.slice(0, 64))} appears twice`);
    const type = cursor.uint32();
    values.set(key, { type, bytes: cursor.value(type) });
    if (stopAt(values)) return { path, byteLength, version, values, tensors: [], dataOffset: 0 };
  }
  const tensors: GgufTensor[] = [];
  for (let index = 0; index < tensorCount; index += 1) tensors.push(readTensor(cursor));
  const alignment = numberOf(values.get("general.alignment")) ?? 32; // the specification's default
  if (!Number.isInteger(Math.log2(alignment)) || alignment > 2 ** 20)
    throw corrupt(path, "general.alignment is not a power of two");
  return { path, byteLength, version, values, tensors, dataOffset: Math.ceil(cursor.position / alignment) * alignment };
}

function readTensor(cursor: Cursor): GgufTensor {
  const name = cursor.string();
  const dimensions = cursor.uint32();
  if (dimensions < 1 || dimensions > 4)
    throw corrupt(
      cursor.path,
      `the tensor ${JSON.stringify(name.slice(0, 64))} has ${dimensions} dimensions, expected 1 to 4`
    );
  const shape = Array.from({ length: dimensions }, () => cursor.uint64());
  return { name, shape, type: cursor.uint32(), offset: cursor.uint64() };
}

/** Goes through bytes that nobody trusts: each step checks what is left. */
class Cursor {
  readonly path: string;
  position = 0;
  readonly #buffer: Buffer;
  readonly #byteLength: number;

  constructor(buffer: Buffer, byteLength: number, path: string) {
    this.#buffer = buffer;
    this.#byteLength = byteLength;
    this.path = path;
  }

  take(count: number): Buffer {
    const end = this.position + count;
    if (end > this.#byteLength)
      throw corrupt(this.path, `it ends inside its header (${count} bytes expected at byte ${this.position})`);
    if (end > this.#buffer.length) throw new NotReadYet();
    const taken = this.#buffer.subarray(this.position, end);
    this.position = end;
    return taken;
  }

  uint32(): number {
    return this.take(4).readUInt32LE();
  }

  /** Of a count, a size or an offset. */
  uint64(): number {
    const value = this.take(8).readBigUInt64LE();
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw corrupt(this.path, `a count of ${value} at byte ${this.position - 8} is impossible`);
    return Number(value);
  }

  string(): string {
    return this.take(this.uint64()).toString("utf8");
  }

  value(type: number): Buffer {
    const start = this.position;
    if (type === ggufTypes.array) this.#skipArray();
    else if (type === ggufTypes.string) this.take(this.uint64());
    else this.take(this.#sizeOf(type));
    return this.#buffer.subarray(start, this.position);
  }

  #skipArray(): void {
    const type = this.uint32();
    const count = this.uint64();
    if (type !== ggufTypes.string) {
      this.take(count * this.#sizeOf(type));
      return;
    }
    for (let index = 0; index < count; index += 1) this.take(this.uint64());
  }

  #sizeOf(type: number): number {
    const size = sizes[type];
    if (size === undefined) throw corrupt(this.path, `value type ${type} does not exist`);
    return size;
  }
}

/** null: the key is missing, or not a text. */
export function textOf(value: GgufValue | undefined): string | null {
  return value?.type === ggufTypes.string ? value.bytes.subarray(8).toString("utf8") : null;
}

/** null: the key is missing, or not a number. */
export function numberOf(value: GgufValue | undefined): number | null {
  if (value === undefined) return null;
  const { type, bytes } = value;
  switch (type) {
    case ggufTypes.uint8:
      return bytes.readUInt8();
    case ggufTypes.int8:
      return bytes.readInt8();
    case ggufTypes.uint16:
      return bytes.readUInt16LE();
    case ggufTypes.int16:
      return bytes.readInt16LE();
    case ggufTypes.uint32:
      return bytes.readUInt32LE();
    case ggufTypes.int32:
      return bytes.readInt32LE();
    case ggufTypes.float32:
      return bytes.readFloatLE();
    case ggufTypes.float64:
      return bytes.readDoubleLE();
    case ggufTypes.uint64:
      return Number(bytes.readBigUInt64LE());
    case ggufTypes.int64:
      return Number(bytes.readBigInt64LE());
    default:
      return null;
  }
}

/** The texts of an array of texts; null: the key is missing, or of another type. */
export function textsOf(value: GgufValue | undefined): string[] | null {
  if (value?.type !== ggufTypes.array || value.bytes.readUInt32LE() !== ggufTypes.string) return null;
  const { bytes } = value;
  const texts: string[] = [];
  for (let position = 12; position < bytes.length;) {
    const end = position + 8 + Number(bytes.readBigUInt64LE(position));
    texts.push(bytes.toString("utf8", position + 8, end));
    position = end;
  }
  return texts;
}

function corrupt(path: string, what: string): MedGemmaError {
  return new MedGemmaError("MODEL_CORRUPT", `${path} is damaged: ${what}. Download or copy it again.`);
}

function asReadError(error: unknown, path: string): MedGemmaError {
  if (error instanceof MedGemmaError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR")
    return new MedGemmaError("MODEL_NOT_FOUND", `There is no model file ${path}. Check the path.`, { cause: error });
  return new MedGemmaError("FILE_UNUSABLE", `${path} cannot be read: ${message}.`, { cause: error });
}
