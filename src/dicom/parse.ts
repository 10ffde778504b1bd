/** Bytes of a DICOM file → its attributes up to the pixels. */
import { inflateRawSync, unzipSync } from "node:zlib";
import { DataSet } from "./data-set.js";
import { DicomError } from "./dicom-error.js";
import { readElements, readMetaElements } from "./elements.js";
import { findDicomStart, findEncoding } from "./is-dicom.js";
import { tags } from "./tags.js";
import { assumedTransferSyntax, transferSyntaxOf, type TransferSyntax } from "./transfer-syntax.js";

/** Deflated files are reports and masks; 2^29 bytes are 128 Mi pixels of them. */
const maxInflatedBytes = 2 ** 29;

export interface ParsedDicom {
  readonly syntax: TransferSyntax;
  readonly dataSet: DataSet;
  /** Where the file contradicts itself, and what was done. */
  readonly warnings: readonly string[];
}

/** @throws DicomError */
export function parseDicom(bytes: Uint8Array): ParsedDicom {
  const start = findDicomStart(bytes);
  if (start === null) throw new DicomError("it is no DICOM file");
  const meta = readMetaElements(bytes, start.offset);
  const uid = new DataSet(bytes, meta.elements, { vr: "explicit", isLittleEndian: true }).text(tags.TransferSyntaxUID);
  const rest = bytes.subarray(meta.end);
  const written = findEncoding(rest);
  if (uid === undefined) {
    const { vr, isLittleEndian } = written ?? start;
    return readDataSet(bytes, meta.end, assumedTransferSyntax(vr, isLittleEndian), []);
  }
  const syntax = transferSyntaxOf(uid);
  // Some writers name one encoding and write another: what is written counts, as for pydicom.
  const deflated =
    syntax.isDeflated && written === null ? { content: inflate(rest) } : written === null ? inflatedOrNull(rest) : null;
  const encoding = deflated === null ? written : findEncoding(deflated.content);
  const isAsSaid =
    syntax.isDeflated === (deflated !== null) &&
    (encoding === null || (encoding.vr === syntax.vr && encoding.isLittleEndian === syntax.isLittleEndian));
  const read = { ...syntax, ...encoding, isDeflated: deflated !== null };
  const warnings = isAsSaid
    ? []
    : [
        `the file says ${syntax.name}, but its attributes are ${read.isDeflated ? "deflated, " : ""}in ${read.vr === "explicit" ? "Explicit" : "Implicit"} VR ${read.isLittleEndian ? "Little" : "Big"} Endian, which is followed`
      ];
  return deflated === null
    ? readDataSet(bytes, meta.end, read, warnings)
    : readDataSet(deflated.content, 0, read, warnings);
}

function readDataSet(
  bytes: Uint8Array,
  offset: number,
  syntax: TransferSyntax,
  warnings: readonly string[]
): ParsedDicom {
  return {
    syntax,
    dataSet: new DataSet(bytes, readElements(bytes, offset, bytes.length, syntax, tags.PixelData), syntax),
    warnings
  };
}

/** Of a file that does not say that it is deflated: null where the bytes are something else. */
function inflatedOrNull(bytes: Uint8Array): { readonly content: Uint8Array } | null {
  try {
    const content = inflate(bytes);
    return findEncoding(content) === null ? null : { content };
  } catch {
    return null;
  }
}

/** PS3.5 A.5 wants the bare stream; some write one with the header of zlib or gzip. */
function inflate(bytes: Uint8Array): Uint8Array {
  const limit = { maxOutputLength: maxInflatedBytes };
  try {
    return inflateRawSync(bytes, limit);
  } catch (error) {
    try {
      if (!isTooLong(error)) return unzipSync(bytes, limit);
    } catch (second) {
      if (isTooLong(second))
        throw new DicomError(`deflated, it holds more than ${maxInflatedBytes} bytes`, { cause: second });
    }
    throw new DicomError(
      isTooLong(error) ? `deflated, it holds more than ${maxInflatedBytes} bytes` : "its deflated part is damaged",
      { cause: error }
    );
  }
}

function isTooLong(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
}
