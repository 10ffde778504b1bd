/** The file of a slide, open: bytes of it are read when they are asked for. */
import { open, stat, type FileHandle } from "node:fs/promises";
import { firstLine, MedGemmaError } from "../errors.js";
import type { ByteSource } from "../tiff/tiff-file.js";

/** What tells formats apart: a DICOM file says what it is behind its preamble of 128 bytes. */
const headBytes = 132;

export interface SlideSource extends ByteSource {
  /** What to call it in messages. */
  readonly name: string;
  /** The first 132 bytes, or what there is. */
  readonly head: Buffer;
  readonly close: () => Promise<void>;
}

/** @throws MedGemmaError IMAGE_NOT_FOUND, IMAGE_UNREADABLE */
export async function openSource(path: string, name: string): Promise<SlideSource> {
  const file = await openFile(path, name);
  try {
    const { size } = await file.stat();
    if (size === 0) throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is empty (0 bytes).`);
    const read = async (at: number, length: number): Promise<Buffer> => await readFully(file, at, length);
    return { name, size, head: await read(0, Math.min(size, headBytes)), read, close: async () => await file.close() };
  } catch (error) {
    await file.close();
    throw error instanceof MedGemmaError
      ? error
      : new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be read: ${firstLine(error).replaceAll(path, name)}.`, {
          cause: error
        });
  }
}

/** @returns less only where the file ends */
async function readFully(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}

async function openFile(path: string, name: string): Promise<FileHandle> {
  try {
    const found = await stat(path); // before it is opened, as the opening of a pipe waits
    if (!found.isFile())
      throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is not a regular file. Copy the slide into a file first.`);
    return await open(path);
  } catch (error) {
    throw asSlideError(error, path, name);
  }
}

/** Of the file system. */
export function asSlideError(error: unknown, path: string, name: string): MedGemmaError {
  if (error instanceof MedGemmaError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR")
    return new MedGemmaError("IMAGE_NOT_FOUND", `There is no slide ${name}. Check the path.`, { cause: error });
  const why = code === "EACCES" || code === "EPERM" ? "permission denied" : firstLine(error).replaceAll(path, name);
  return new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be opened: ${why}.`, { cause: error });
}
