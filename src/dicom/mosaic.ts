/**
 * Siemens mosaics: the slices of a volume as tiles of one picture, in rows, the last tiles empty. DICOM has no attribute for
 * it; the number of tiles is in elements of Siemens' own.
 */
import type { DataSet } from "./data-set.js";
import { tags } from "./tags.js";

export interface Mosaic {
  /** Slices, from 1. */
  readonly tiles: number;
  /** Tiles in a row, and rows of them. */
  readonly perRow: number;
  /** Unit vector in the order of the slices, in the patient's coordinates; null where the file does not say. */
  readonly normal: readonly number[] | null;
}

export function isMosaic(dataSet: DataSet): boolean {
  return dataSet.texts(tags.ImageType).includes("MOSAIC");
}

/** @returns null for a file that is no mosaic, or does not say of how many tiles it is */
export function readMosaic(dataSet: DataSet): Mosaic | null {
  if (!isMosaic(dataSet)) return null;
  const csa = readCsaHeader(dataSet);
  const own = dataSet.ofMaker(tags.SiemensNumberOfImagesInMosaic, /^SIEMENS/);
  const ofOwn = own === null ? undefined : dataSet.word(own);
  const tiles = ofOwn ?? csa.get("NumberOfImagesInMosaic")?.[0];
  if (tiles === undefined || !Number.isSafeInteger(tiles) || tiles < 1) return null;
  const normal = csa.get("SliceNormalVector");
  return { tiles, perRow: Math.ceil(Math.sqrt(tiles)), normal: normal?.length === 3 ? normal : null };
}

/** Fields of the CSA header that are read. */
const fields: ReadonlySet<string> = new Set(["NumberOfImagesInMosaic", "SliceNormalVector"]);

/**
 * Siemens' CSA header, version 2 ("SV10"), which nibabel describes (nicom/csareader): a list of fields with a name of 64 bytes,
 * each with items that say how long they are and hold texts. Little-endian.
 */
function readCsaHeader(dataSet: DataSet): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, readonly number[]>();
  const tag = dataSet.ofMaker(tags.SiemensCsaImageHeader, /^SIEMENS CSA HEADER$/);
  const value = tag === null ? undefined : dataSet.value(tag);
  if (value === undefined) return found;
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (bytes.length < 16 || bytes.toString("latin1", 0, 4) !== "SV10") return found;
  let at = 16;
  for (let left = bytes.readUInt32LE(8); left > 0 && at + 84 <= bytes.length; left -= 1) {
    const name = textAt(bytes, at, 64);
    const items = bytes.readUInt32LE(at + 76);
    at += 84;
    const values: number[] = [];
    for (let item = 0; item < items && at + 16 <= bytes.length; item += 1) {
      const length = bytes.readUInt32LE(at + 4);
      const text = fields.has(name) ? textAt(bytes, at + 16, Math.min(length, 64)).trim() : "";
      if (text !== "" && Number.isFinite(Number(text))) values.push(Number(text));
      at += 16 + Math.ceil(length / 4) * 4;
    }
    if (fields.has(name)) found.set(name, values);
  }
  return found;
}

function textAt(bytes: Buffer, at: number, length: number): string {
  return bytes.toString("latin1", at, Math.min(at + length, bytes.length)).replace(/\0.*$/s, "");
}
