/** Whether bytes are a DICOM file: with a preamble, or, as old exports have it, beginning at once with their attributes. */

const preambleLength = 128; // PS3.10 7.1

/** The value representations of PS3.5 6.2. */
const valueRepresentation =
  /^(?:AE|AS|AT|CS|DA|DS|DT|FD|FL|IS|LO|LT|OB|OD|OF|OL|OV|OW|PN|SH|SL|SQ|SS|ST|SV|TM|UC|UI|UL|UN|UR|US|UT|UV)$/;

/** Where a data set begins, and how its attributes are written. */
export interface DicomStart {
  /** Offset of the first attribute in bytes. */
  readonly offset: number;
  /** "explicit" or "implicit" value representations, as the first attribute shows. */
  readonly vr: "explicit" | "implicit";
  readonly isLittleEndian: boolean;
}

/** @returns null when the bytes are no DICOM file */
export function findDicomStart(bytes: Uint8Array): DicomStart | null {
  const offset = latin1(bytes, preambleLength, 4) === "DICM" ? preambleLength + 4 : 0;
  if (bytes.length < offset + 8) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, bytes.length - offset);
  const vr = valueRepresentation.test(latin1(bytes, offset + 4, 2)) ? "explicit" : "implicit";
  if (offset > 0) return { offset, vr, isLittleEndian: vr === "implicit" || view.getUint16(0, true) < 0x0400 };
  for (const isLittleEndian of [true, false]) {
    // The file's own group or that of the study: no picture format begins like this.
    if (view.getUint16(0, isLittleEndian) !== 0x0002 && view.getUint16(0, isLittleEndian) !== 0x0008) continue;
    if (vr === "explicit") return { offset, vr, isLittleEndian };
    const length = view.getUint32(4, isLittleEndian);
    if (isLittleEndian && length % 2 === 0 && length <= Math.min(1024, view.byteLength - 8))
      return { offset, vr, isLittleEndian };
  }
  return null;
}

/**
 * How the first attribute of a data set is written, whatever the file says: its group is a low number, as groups ascend, and behind
 * it stands a value representation, or a length that the bytes have room for.
 *
 * @returns null for what does not begin with an attribute
 */
export function findEncoding(bytes: Uint8Array): Pick<DicomStart, "vr" | "isLittleEndian"> | null {
  if (bytes.length < 8) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLow = (group: number) => group > 0 && group < 0x100;
  const isLittleEndian = isLow(view.getUint16(0, true));
  if (isLittleEndian === isLow(view.getUint16(0, false))) return null;
  if (valueRepresentation.test(latin1(bytes, 4, 2))) return { vr: "explicit", isLittleEndian };
  const length = view.getUint32(4, isLittleEndian);
  return length === 0xffff_ffff || length <= bytes.length - 8 ? { vr: "implicit", isLittleEndian } : null;
}

export function isDicom(bytes: Uint8Array): boolean {
  return findDicomStart(bytes) !== null;
}

function latin1(bytes: Uint8Array, offset: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", offset, offset + length);
}
