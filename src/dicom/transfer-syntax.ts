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

const uncompress = "Convert it with gdcmconv -w (GDCM)";
const dcmdjpeg = "Convert it with dcmdjpeg (DCMTK) or gdcmconv -w (GDCM)";
const video = "Save a picture of the video with a tool for video, such as ffmpeg, and give that";
const fromServer =
  "Its pixels are on a server, and only their address is in the file: get the file with its pixels from the archive";
const fromArchive = "Let the archive send it as Explicit VR Little Endian, or convert it with a tool that reads it";

/** Those of PS3.6 annex A, and a maker's, that are not read, and what to do. */
const others: ReadonlyMap<string, readonly [name: string, remedy: string]> = new Map([
  ["1.2.840.10008.1.2.1.98", ["Encapsulated Uncompressed Explicit VR Little Endian", fromArchive]],
  ["1.2.840.10008.1.2.8.1", ["Deflated Image Frame Compression", fromArchive]],
  ["1.2.840.10008.1.2.4.92", ["JPEG 2000 Part 2 Lossless", uncompress]],
  ["1.2.840.10008.1.2.4.93", ["JPEG 2000 Part 2", uncompress]],
  ["1.2.840.10008.1.2.4.94", ["JPIP Referenced", fromServer]],
  ["1.2.840.10008.1.2.4.95", ["JPIP Referenced Deflate", fromServer]],
  ["1.2.840.10008.1.2.4.204", ["JPIP HTJ2K Referenced", fromServer]],
  ["1.2.840.10008.1.2.4.205", ["JPIP HTJ2K Referenced Deflate", fromServer]],
  ["1.2.840.10008.1.2.4.100", ["MPEG-2 Main Level", video]],
  ["1.2.840.10008.1.2.4.101", ["MPEG-2 High Level", video]],
  ["1.2.840.10008.1.2.4.102", ["MPEG-4 AVC/H.264", video]],
  ["1.2.840.10008.1.2.4.103", ["MPEG-4 AVC/H.264, BD-compatible", video]],
  ["1.2.840.10008.1.2.4.104", ["MPEG-4 AVC/H.264, 2D video", video]],
  ["1.2.840.10008.1.2.4.105", ["MPEG-4 AVC/H.264, 3D video", video]],
  ["1.2.840.10008.1.2.4.106", ["MPEG-4 AVC/H.264, stereo", video]],
  ["1.2.840.10008.1.2.4.107", ["HEVC/H.265", video]],
  ["1.2.840.10008.1.2.4.108", ["HEVC/H.265 of 10 bits", video]],
  ["1.2.840.10008.1.2.4.110", ["JPEG XL Lossless", fromArchive]],
  ["1.2.840.10008.1.2.4.111", ["JPEG XL JPEG Recompression", fromArchive]],
  ["1.2.840.10008.1.2.4.112", ["JPEG XL", fromArchive]],
  ["1.2.840.10008.1.2.6.1", ["RFC 2557 MIME Encapsulation", fromArchive]],
  ["1.2.840.10008.1.2.6.2", ["XML Encoding", fromArchive]],
  ["1.2.840.10008.1.2.7.1", ["SMPTE ST 2110-20, progressive video", video]],
  ["1.2.840.10008.1.2.7.2", ["SMPTE ST 2110-20, interlaced video", video]],
  ["1.2.840.10008.1.2.7.3", ["SMPTE ST 2110-30, sound", video]],
  ["1.2.840.10008.1.20", ["Papyrus 3 Implicit VR Little Endian (retired)", fromArchive]],
  ["1.2.840.113619.5.2", ["Implicit VR Big Endian, a private one of GE", uncompress]]
]);

/** The JPEG processes that PS3.5 has retired: 52 to 56 and 58 to 66. */
const retiredJpeg = /^1\.2\.840\.10008\.1\.2\.4\.(?:5[2-689]|6[0-6])$/;

/** @throws DicomError for one that is not read, such as MPEG */
export function transferSyntaxOf(uid: string): TransferSyntax {
  const found = known.get(uid);
  if (found !== undefined) return found;
  const other = others.get(uid.replace(/(\.4\.10[0-6])\.1$/, "$1")); // ".1": in fragments
  if (other !== undefined)
    throw new DicomError(`its transfer syntax is ${other[0]} (${uid}), which is not read here. ${other[1]}`);
  if (retiredJpeg.test(uid))
    throw new DicomError(`its transfer syntax is a retired JPEG process (${uid}), which is not read here. ${dcmdjpeg}`);
  // The value is a stranger's; a UID has digits and dots only (PS3.5 9.1).
  const shown = /^[\d.]{1,64}$/.test(uid) ? uid : "no UID";
  throw new DicomError(`its transfer syntax is ${shown}, which is not known here. ${fromArchive}`);
}

/** Of a file that does not say: as its first attribute is written. */
export function assumedTransferSyntax(vr: TransferSyntax["vr"], isLittleEndian: boolean): TransferSyntax {
  return { ...native, name: `assumed ${vr} VR ${isLittleEndian ? "Little" : "Big"} Endian`, vr, isLittleEndian };
}
