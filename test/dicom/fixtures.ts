/** The DICOM files that scripts/reference/dicom.py made, and ways to spoil them. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { WindowChoice } from "../../src/index.js";

export const folder = fileURLToPath(new URL("../fixtures/dicom/", import.meta.url));

/** What pydicom makes of a file; `expected` is a PNG. */
export interface PictureFact {
  readonly file: string;
  readonly frame?: number;
  readonly window?: WindowChoice;
  readonly lossy: boolean;
  readonly expected: string;
}

export const pictureFacts = JSON.parse(readFileSync(`${folder}pictures.json`, "utf8")) as PictureFact[];

export function dicom(name: string): Buffer {
  return readFileSync(`${folder}${name}.dcm`);
}

/** Position of an attribute's value in an explicit little-endian file with a short length. */
export function valueAt(file: Buffer, group: number, element: number): number {
  const tag = Buffer.from([group & 0xff, group >> 8, element & 0xff, element >> 8]);
  const found = file.indexOf(tag);
  if (found < 0) throw new Error(`no attribute ${group.toString(16)},${element.toString(16)}`);
  return found + 8;
}

/** A copy with another 16-bit value. */
export function withWord(file: Buffer, group: number, element: number, value: number): Buffer {
  const copy = Buffer.from(file);
  copy.writeUInt16LE(value, valueAt(file, group, element));
  return copy;
}

/** A copy with another text of the same length or shorter, padded. */
export function withText(file: Buffer, group: number, element: number, text: string): Buffer {
  const copy = Buffer.from(file);
  const at = valueAt(file, group, element);
  copy.write(text.padEnd(copy.readUInt16LE(at - 2)), at, "latin1");
  return copy;
}

/** A copy with a text of any even length. */
export function withLongerText(file: Buffer, group: number, element: number, text: string): Buffer {
  const at = valueAt(file, group, element);
  const head = Buffer.from(file.subarray(0, at));
  head.writeUInt16LE(text.length, at - 2);
  return Buffer.concat([head, Buffer.from(text, "latin1"), file.subarray(at + file.readUInt16LE(at - 2))]);
}

/** Explicit little-endian; a text is padded to an even length. */
function attribute(group: number, element: number, vr: string, value: Buffer | string): Buffer {
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(value.length % 2 === 0 ? value : `${value} `, "latin1");
  const head = Buffer.alloc(vr === "SQ" ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(element, 2);
  head.write(vr, 4);
  if (vr === "SQ") head.writeUInt32LE(bytes.length, 8);
  else head.writeUInt16LE(bytes.length, 6);
  return Buffer.concat([head, bytes]);
}

/** @param images File ids, parts separated by backslashes. */
export function dicomdir(...images: readonly string[]): Buffer {
  const records = [["PATIENT", ""], ["SERIES", ""], ...images.map((id) => ["IMAGE", id])].map(
    ([type = "", id = ""]) => {
      const content = Buffer.concat([
        attribute(0x0004, 0x1430, "CS", type),
        ...(id === "" ? [] : [attribute(0x0004, 0x1500, "CS", id)])
      ]);
      const item = Buffer.from("\xfe\xff\x00\xe0\0\0\0\0", "latin1");
      item.writeUInt32LE(content.length, 4);
      return Buffer.concat([item, content]);
    }
  );
  const meta = attribute(0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1\0");
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from("DICM"),
    meta,
    attribute(0x0004, 0x1220, "SQ", Buffer.concat(records))
  ]);
}

/** A value of an attribute as `slice` writes it: texts and decimal strings as they are, numbers as words. */
type Value = string | number | Buffer;

/** What a slice of 4 × 4 pixels has where nothing else is said; `gray` is what all its pixels hold. */
const usual = {
  "0008,0008 CS": "ORIGINAL\\PRIMARY\\AXIAL",
  "0008,0016 UI": "1.2.840.10008.5.1.4.1.1.2",
  "0008,0060 CS": "CT",
  "0018,0050 DS": "3",
  "0020,000d UI": "1.2.3",
  "0020,000e UI": "1.2.3.1",
  "0020,0037 DS": "1\\0\\0\\0\\1\\0",
  "0028,0002 US": 1,
  "0028,0004 CS": "MONOCHROME2",
  "0028,0010 US": 4,
  "0028,0011 US": 4,
  "0028,0030 DS": "1\\1",
  "0028,0100 US": 16,
  "0028,0101 US": 16,
  "0028,0102 US": 15,
  "0028,0103 US": 0,
  "0028,1052 DS": "0",
  "0028,1053 DS": "1"
} as const;

export type Attributes = Readonly<Record<string, Value | null>>;

/**
 * An explicit little-endian DICOM file of a slice, or of several frames.
 *
 * @param gray Of each frame.
 * @param attributes By "gggg,eeee VR"; null leaves a usual one out.
 */
export function slice(gray: number | readonly number[], attributes: Attributes = {}): Buffer {
  const grays = typeof gray === "number" ? [gray] : gray;
  const all: Record<string, Value | null> = {
    ...usual,
    "0008,0018 UI": `1.2.3.4.${JSON.stringify(attributes).length}.${grays[0] ?? 0}`,
    ...(grays.length > 1 ? { "0028,0008 IS": String(grays.length) } : {}),
    ...attributes
  };
  const size = Number(all["0028,0010 US"]) * Number(all["0028,0011 US"]);
  const pixels = Buffer.alloc(12 + 2 * size * grays.length);
  pixels.write("\xe0\x7f\x10\0OW\0\0", "latin1");
  pixels.writeUInt32LE(pixels.length - 12, 8);
  for (let pixel = 0; pixel < size * grays.length; pixel += 1)
    pixels.writeUInt16LE(grays[Math.floor(pixel / size)] ?? 0, 12 + 2 * pixel);
  return Buffer.concat([
    Buffer.alloc(128),
    Buffer.from("DICM"),
    attribute(0x0002, 0x0010, "UI", "1.2.840.10008.1.2.1\0"),
    ...attributesOf(all),
    pixels
  ]);
}

/** The value of a sequence (SQ). */
export function items(...all: readonly Attributes[]): Buffer {
  return Buffer.concat(
    all.flatMap((one) => {
      const content = Buffer.concat(attributesOf(one));
      const head = Buffer.from("\xfe\xff\x00\xe0\0\0\0\0", "latin1");
      head.writeUInt32LE(content.length, 4);
      return [head, content];
    })
  );
}

/** The value of a floating-point number of 64 bits (FD), or of several. */
export function doubles(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, index) => bytes.writeDoubleLE(value, 8 * index));
  return bytes;
}

function attributesOf(all: Attributes): Buffer[] {
  return Object.keys(all)
    .sort()
    .flatMap((key) => {
      const value = all[key];
      if (value === null || value === undefined) return [];
      const [group = 0, element = 0] = key
        .slice(0, 9)
        .split(",")
        .map((part) => Number.parseInt(part, 16));
      return [
        attribute(
          group,
          element,
          key.slice(10),
          typeof value === "number" ? Buffer.from([value & 0xff, value >> 8]) : value
        )
      ];
    });
}
