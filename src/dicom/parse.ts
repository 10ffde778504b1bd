/** Bytes of a DICOM file → its attributes up to the pixels. */
import { inflateRawSync, unzipSync } from "node:zlib";
import { DataSet } from "./data-set.js";
import { DicomError } from "./dicom-error.js";
import { readElements, readMetaElements } from "./elements.js";
import { findDicomStart } from "./is-dicom.js";
import { tags } from "./tags.js";
import { assumedTransferSyntax, transferSyntaxOf, type TransferSyntax } from "./transfer-syntax.js";

/** Deflated files are reports and masks; 2^29 bytes are 128 Mi pixels of them. */
const maxInflatedBytes = 2 ** 29;

export interface ParsedDicom {
  readonly syntax: TransferSyntax;
  readonly dataSet: DataSet;
}

/** @throws DicomError */
export function parseDicom(bytes: Uint8Array): ParsedDicom {
  const start = findDicomStart(bytes);
  if (start === null) throw new DicomError("it is no DICOM file");
  const meta = readMetaElements(bytes, start.offset);
  const uid = new DataSet(bytes, meta.elements, { vr: "explicit", isLittleEndian: true }).text(tags.TransferSyntaxUID);
  const rest = bytes.subarray(meta.end);
  const first = findDicomStart(rest.subarray(0, 128)); // short of where a preamble would end
  const { vr, isLittleEndian } = first ?? start;
  if (uid === undefined) return readDataSet(bytes, meta.end, assumedTransferSyntax(vr, isLittleEndian));
  const syntax = transferSyntaxOf(uid);
  if (syntax.isDeflated) return readDataSet(inflate(rest), 0, syntax);
  // Some writers name one and write the other; what is written counts, as for pydicom.
  return readDataSet(bytes, meta.end, { ...syntax, vr: first?.vr ?? syntax.vr });
}

function readDataSet(bytes: Uint8Array, offset: number, syntax: TransferSyntax): ParsedDicom {
  return { syntax, dataSet: new DataSet(bytes, readElements(bytes, offset, bytes.length, syntax, tags.PixelData), syntax) };
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
      if (isTooLong(second)) throw new DicomError(`deflated, it holds more than ${maxInflatedBytes} bytes`, { cause: second });
    }
    throw new DicomError(isTooLong(error) ? `deflated, it holds more than ${maxInflatedBytes} bytes` : "its deflated part is damaged", { cause: error });
  }
}

function isTooLong(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
}
