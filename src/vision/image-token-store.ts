/**
 * Image tokens on disk, for those who ask for it: they are made of patient data, so the folder is for its owner only. A file
 * that is damaged, cut off or of something else is deleted and counts as missing; it is never believed.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { MedGemmaError } from "../errors.js";
import { writeFileAtomically } from "../shared/write-file.js";
import type { ImageTokens } from "./image-token-cache.js";

const extension = ".imagetokens";

/** Magic, version, tokens, hidden size, sha256 of the key, sha256 of the numbers; then the numbers, float32 little-endian. */
const magic = "MGIT";
const version = 1;
const headerBytes = 4 + 3 * 4 + 2 * 32;

export class ImageTokenStore {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #projector: string;

  /**
   * @param projectorPath Whose tokens they are; its hash becomes part of every key.
   * @param maxBytes Of all files in the folder; those used least recently are deleted.
   * @throws MedGemmaError FILE_UNUSABLE when the folder cannot be made, or others can write into it
   */
  static async open(folder: string, maxBytes: number, projectorPath: string): Promise<ImageTokenStore> {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new MedGemmaError(
        "FILE_UNUSABLE",
        `Cannot create the folder ${folder} for image tokens: ${(error as Error).message}. Name another folder.`,
        { cause: error }
      );
    }
    await refuseOpenFolder(folder);
    return new ImageTokenStore(folder, maxBytes, await sha256OfFile(projectorPath));
  }

  private constructor(folder: string, maxBytes: number, projector: string) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#projector = projector;
  }

  /** @returns undefined when they are not there, or not whole */
  async read(key: string): Promise<ImageTokens | undefined> {
    const path = this.#pathOf(key);
    let bytes: Buffer;
    try {
      bytes = await readFile(path);
    } catch {
      return undefined;
    }
    const tokens = this.#parse(bytes, key);
    if (tokens === undefined) await rm(path, { force: true });
    else await utimes(path, new Date(), new Date()).catch(() => undefined); // it was used just now
    return tokens;
  }

  /** @throws MedGemmaError FILE_UNUSABLE */
  async write(tokens: ImageTokens): Promise<void> {
    const numbers = toLittleEndian(tokens.data);
    const header = Buffer.alloc(headerBytes);
    header.write(magic, 0, "latin1");
    [version, tokens.tokenCount, tokens.hiddenSize].forEach((value, index) =>
      header.writeUInt32LE(value, 4 + 4 * index)
    );
    this.#hashOf(tokens.key).copy(header, 16);
    createHash("sha256").update(numbers).digest().copy(header, 48);
    await writeFileAtomically(this.#pathOf(tokens.key), Buffer.concat([header, numbers]), { mode: 0o600 });
    await this.#shrink();
  }

  #parse(bytes: Buffer, key: string): ImageTokens | undefined {
    if (bytes.length < headerBytes || bytes.toString("latin1", 0, 4) !== magic || bytes.readUInt32LE(4) !== version)
      return undefined;
    const [tokenCount, hiddenSize] = [bytes.readUInt32LE(8), bytes.readUInt32LE(12)];
    const numbers = bytes.subarray(headerBytes);
    const isWhole =
      numbers.length === tokenCount * hiddenSize * 4 &&
      this.#hashOf(key).equals(bytes.subarray(16, 48)) &&
      createHash("sha256").update(numbers).digest().equals(bytes.subarray(48, 80));
    return isWhole ? { key, data: fromLittleEndian(numbers), tokenCount, hiddenSize } : undefined;
  }

  /** Deletes what was used least recently until all fits. Another process may delete at the same time. */
  async #shrink(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(extension));
    const files = [];
    for (const name of names) {
      const path = join(this.#folder, name);
      const facts = await stat(path).catch(() => null);
      if (facts !== null) files.push({ path, size: facts.size, usedAt: facts.mtimeMs });
    }
    files.sort((a, b) => b.usedAt - a.usedAt);
    let total = 0;
    for (const { path, size } of files) {
      total += size;
      if (total > this.#maxBytes) await rm(path, { force: true });
    }
  }

  #hashOf(key: string): Buffer {
    return createHash("sha256").update(`${this.#projector}:${key}`).digest();
  }

  #pathOf(key: string): string {
    return join(this.#folder, this.#hashOf(key).toString("hex") + extension);
  }
}

/**
 * Whoever can write into the folder can say what a picture shows: the names of the files follow from pixels and projector. So it
 * belongs to its user, as ssh asks of its keys. Windows keeps such rights elsewhere.
 */
async function refuseOpenFolder(folder: string): Promise<void> {
  const user = process.geteuid?.();
  if (user === undefined) return;
  const { uid, mode } = await stat(folder);
  if (uid !== user && uid !== 0)
    throw new MedGemmaError(
      "FILE_UNUSABLE",
      `The folder ${folder} for image tokens belongs to another user, who could change what the model sees. Name a folder of your own.`
    );
  if ((mode & 0o022) !== 0) {
    throw new MedGemmaError(
      "FILE_UNUSABLE",
      `Others can write into the folder ${folder} for image tokens, and change what the model sees. Name another folder, or run: chmod go-w ${folder}`
    );
  }
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest("hex");
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function toLittleEndian(numbers: Float32Array): Buffer {
  const bytes = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  return isLittleEndian ? bytes : Buffer.from(bytes).swap32();
}

function fromLittleEndian(bytes: Buffer): Float32Array {
  const numbers = new Float32Array(bytes.length / 4); // a copy, as the bytes may begin anywhere
  const copy = Buffer.from(numbers.buffer);
  bytes.copy(copy);
  if (!isLittleEndian) copy.swap32();
  return numbers;
}
