/**
 * How EXIF and XMP say that a picture must be turned, where libvips does not see it: as a number of another type than SHORT, or in
 * XMP alone.
 */
import { tags } from "../tiff/tiff-file.js";

/** TIFF 6.0 section 2: BYTE, SHORT, LONG, and those with sign. */
const bytesOfType: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4 };

/** @returns 1 to 8; null where nothing is said */
export function readOrientation({
  exif,
  xmp
}: {
  readonly exif?: Buffer | undefined;
  readonly xmp?: Buffer | undefined;
}): number | null {
  const found = (exif === undefined ? null : ofExif(exif)) ?? (xmp === undefined ? null : ofXmp(xmp));
  return found !== null && found >= 1 && found <= 8 ? found : null;
}

function ofExif(exif: Buffer): number | null {
  const tiff = exif.toString("latin1", 0, 4) === "Exif" ? exif.subarray(6) : exif;
  if (tiff.length < 8) return null;
  const isLittleEndian = tiff[0] === 0x49;
  const number = (at: number, bytes: number): number =>
    isLittleEndian ? tiff.readUIntLE(at, bytes) : tiff.readUIntBE(at, bytes);
  const directory = number(4, 4);
  if (directory + 2 > tiff.length) return null;
  for (let at = directory + 2, left = number(directory, 2); left > 0 && at + 12 <= tiff.length; left -= 1, at += 12) {
    const bytes = bytesOfType[number(at + 2, 2)];
    if (number(at, 2) === tags.orientation && bytes !== undefined && number(at + 4, 4) >= 1)
      return number(at + 8, bytes);
  }
  return null;
}

function ofXmp(xmp: Buffer): number | null {
  const digit = /tiff:Orientation(?:="|>)([0-9])/.exec(xmp.toString("latin1"))?.[1];
  return digit === undefined ? null : Number(digit);
}
