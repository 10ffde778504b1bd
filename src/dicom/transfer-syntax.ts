/** The transfer syntaxes of PS3.5 annex A that are read: how attributes are written, and what decodes the pixels. */
import { DicomError } from "./dicom-error.js";

export type Codec = "none" | "rle" | "jpeg" | "jpeg-ls" | "jpeg-2000" | "htj2k";

export interface TransferSyntax {
  readonly name: string;
  readonly codec: Codec;
  readonly vr: "explicit" | "implicit";
  readonly isLittleEndian: boolean;
  readonly isDeflated: boolean;
}

const native = { codec: "none", vr: "explicit", isLittleEndian: true, isDeflated: false } as const;

/** UIDs and names of PS3.6 annex A. */
const known: ReadonlyMap<string, TransferSyntax> = new Map<string, TransferSyntax>([
  ["1.2.840.10008.1.2", { ...native, name: "Implicit VR Little Endian", vr: "implicit" }],
  ["1.2.840.10008.1.2.1", { ...native, name: "Explicit VR Little Endian" }],
  ["1.2.840.10008.1.2.1.99", { ...native, name: "Deflated Explicit VR Little Endian", isDeflated: true }],
  ["1.2.840.10008.1.2.2", { ...native, name: "Explicit VR Big Endian", isLittleEndian: false }],
  ["1.2.840.10008.1.2.4.50", { ...native, name: "JPEG Baseline", codec: "jpeg" }],
  ["1.2.840.10008.1.2.4.51", { ...native, name: "JPEG Extended", codec: "jpeg" }],
  ["1.2.840.10008.1.2.4.57", { ...native, name: "JPEG Lossless", codec: "jpeg" }],
  ["1.2.840.10008.1.2.4.70", { ...native, name: "JPEG Lossless SV1", codec: "jpeg" }],
  ["1.2.840.10008.1.2.4.80", { ...native, name: "JPEG-LS Lossless", codec: "jpeg-ls" }],
  ["1.2.840.10008.1.2.4.81", { ...native, name: "JPEG-LS Near-Lossless", codec: "jpeg-ls" }],
  ["1.2.840.10008.1.2.4.90", { ...native, name: "JPEG 2000 Lossless", codec: "jpeg-2000" }],
  ["1.2.840.10008.1.2.4.91", { ...native, name: "JPEG 2000", codec: "jpeg-2000" }],
  ["1.2.840.10008.1.2.4.201", { ...native, name: "HTJ2K Lossless", codec: "htj2k" }],
  ["1.2.840.10008.1.2.4.202", { ...native, name: "HTJ2K Lossless RPCL", codec: "htj2k" }],
  ["1.2.840.10008.1.2.4.203", { ...native, name: "HTJ2K", codec: "htj2k" }],
  ["1.2.840.10008.1.2.5", { ...native, name: "RLE Lossless", codec: "rle" }]
]);

/** @throws DicomError for one that is not read, such as MPEG */
export function transferSyntaxOf(uid: string): TransferSyntax {
  const found = known.get(uid);
  if (found !== undefined) return found;
  // The value is a stranger's; a UID has digits and dots only (PS3.5 9.1).
  const shown = /^[\d.]{1,64}$/.test(uid) ? uid : "no UID";
  throw new DicomError(`its transfer syntax is ${shown}, which is not read here; convert it to Explicit VR Little Endian`);
}

/** Of a file that does not say: as its first attribute is written. */
export function assumedTransferSyntax(vr: TransferSyntax["vr"], isLittleEndian: boolean): TransferSyntax {
  return { ...native, name: `assumed ${vr} VR ${isLittleEndian ? "Little" : "Big"} Endian`, vr, isLittleEndian };
}
