/** Bytes of a DICOM file → its attributes up to the pixels, by dicom-parser. */
import { inflateRawSync } from "node:zlib";
import dicomParser, { type ByteArrayParser, type Element } from "dicom-parser";
import { firstLine } from "../errors.js";
import { DataSet } from "./data-set.js";
import { DicomError } from "./dicom-error.js";
import { findDicomStart } from "./is-dicom.js";
import { tags } from "./tags.js";
import { assumedTransferSyntax, transferSyntaxOf, type TransferSyntax } from "./transfer-syntax.js";

/** Numbers read while parsing, about three for each attribute: room for 10,000 frames with 60 attributes each. */
const maxReads = 3_000_000;

/** Deflated files are reports and masks; 2^29 bytes are 128 Mi pixels of them. */
const maxInflatedBytes = 2 ** 29;

export interface ParsedDicom {
  readonly syntax: TransferSyntax;
  readonly dataSet: DataSet;
  /** The pixels' element with the fragments of an encapsulated one. @throws DicomError when there is none, or it is damaged */
  readonly readPixelElement: () => Element;
}

/** @throws DicomError */
export function parseDicom(bytes: Uint8Array): ParsedDicom {
  const start = findDicomStart(bytes);
  if (start === null) throw new DicomError("it is no DICOM file");
  try {
    const meta = readMetaHeader(bytes, start.offset);
    const uid = meta.dataSet.text(tags.TransferSyntaxUID);
    const rest = bytes.subarray(meta.end);
    const first = findDicomStart(rest.subarray(0, 128)); // short of where a preamble would end
    const { vr, isLittleEndian } = first ?? start;
    if (uid === undefined) return readDataSet(bytes, meta.end, assumedTransferSyntax(vr, isLittleEndian));
    const syntax = transferSyntaxOf(uid);
    if (syntax.isDeflated) return readDataSet(inflate(rest), 0, syntax);
    // Some writers name one and write the other; what is written counts, as for pydicom.
    return readDataSet(bytes, meta.end, { ...syntax, vr: first?.vr ?? syntax.vr });
  } catch (error) {
    throw asDicomError(error);
  }
}

function readMetaHeader(bytes: Uint8Array, offset: number): { readonly dataSet: DataSet; readonly end: number } {
  const stream = new CountingStream(bytes, offset, true);
  const elements: Record<string, Element> = {};
  while (bytes[stream.position] === 0x02 && bytes[stream.position + 1] === 0x00) {
    const element = dicomParser.readDicomElementExplicit(stream, []);
    elements[element.tag] = element;
  }
  return { dataSet: new DataSet(bytes, elements, true), end: stream.position };
}

function readDataSet(bytes: Uint8Array, offset: number, syntax: TransferSyntax): ParsedDicom {
  const stream = new CountingStream(bytes, offset, syntax.isLittleEndian);
  const elements: Record<string, Element> = {};
  const parsed = { elements, warnings: [] } as unknown as dicomParser.DataSet;
  const parse = syntax.vr === "explicit" ? dicomParser.parseDicomDataSetExplicit : dicomParser.parseDicomDataSetImplicit;
  parse(parsed, stream, bytes.length, { untilTag: tags.PixelData });
  const readPixelElement = (): Element => {
    const element = elements[tags.PixelData];
    if (element === undefined) throw new DicomError("it has no pixels");
    if (element.hadUndefinedLength !== true) return element;
    const pixels = { ...element };
    const pixelStream = new CountingStream(bytes, element.dataOffset, syntax.isLittleEndian);
    try {
      dicomParser.findEndOfEncapsulatedElement(pixelStream, pixels, []);
    } catch (error) {
      throw asDicomError(error);
    }
    return pixels;
  };
  return { syntax, dataSet: new DataSet(bytes, elements, syntax.isLittleEndian), readPixelElement };
}

function inflate(bytes: Uint8Array): Uint8Array {
  try {
    return inflateRawSync(bytes, { maxOutputLength: maxInflatedBytes });
  } catch (error) {
    const isTooLong = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw new DicomError(isTooLong ? `deflated, it holds more than ${maxInflatedBytes} bytes` : "its deflated part is damaged", { cause: error });
  }
}

/** A file of a stranger may hold more attributes than memory has room for; and dicom-parser knows no 64-bit numbers. */
class CountingStream extends dicomParser.ByteStream {
  constructor(bytes: Uint8Array, offset: number, isLittleEndian: boolean) {
    const parser = isLittleEndian ? dicomParser.littleEndianByteArrayParser : dicomParser.bigEndianByteArrayParser;
    let reads = 0;
    const counted = (read: ByteArrayParser["readUint16"]): typeof read => {
      return (array, position) => {
        reads += 1;
        if (reads > maxReads) throw new DicomError("it has more attributes than a picture can have");
        return read(array, position);
      };
    };
    super({ ...parser, readUint16: counted(parser.readUint16), readUint32: counted(parser.readUint32) }, bytes, offset);
    this.readFixedString = (length) => {
      const text = dicomParser.readFixedString(this.byteArray, this.position, length);
      this.position += length;
      // Their length takes 32 bits, as that of UN (PS3.5 7.1.2).
      return text === "OV" || text === "SV" || text === "UV" ? "UN" : text;
    };
  }
}

/** dicom-parser throws strings, and nested sequences can exhaust the stack. */
function asDicomError(error: unknown): DicomError {
  if (error instanceof DicomError) return error;
  return new DicomError(`its attributes are damaged or cut off (${firstLine(error).replace(/^dicomParser\.?/, "dicom-parser: ")})`, { cause: error });
}
