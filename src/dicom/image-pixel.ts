/** The Image Pixel module (PS3.3 C.7.6.3): what one frame looks like. Checked before anything is decoded. */
import type { DataSet } from "./data-set.js";
import { DicomError } from "./dicom-error.js";
import { describeSopClass } from "./sop-classes.js";
import { tags } from "./tags.js";
import type { Codec } from "./transfer-syntax.js";

/** The Photometric Interpretations that become a picture here. */
const photometricInterpretations = {
  MONOCHROME1: 1,
  MONOCHROME2: 1,
  "PALETTE COLOR": 1,
  RGB: 3,
  YBR_FULL: 3,
  YBR_FULL_422: 3,
  YBR_ICT: 3,
  YBR_RCT: 3
} as const;

/** Others that PS3.3 C.7.6.3.1.2 has, or had. */
const otherInterpretations: ReadonlySet<string> = new Set([
  "YBR_PARTIAL_422",
  "YBR_PARTIAL_420",
  "HSV",
  "ARGB",
  "CMYK",
  "XYB"
]);

export type PhotometricInterpretation = keyof typeof photometricInterpretations;

export interface ImagePixel {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly samplesPerPixel: 1 | 3;
  readonly photometric: PhotometricInterpretation;
  /** 0: R1 G1 B1 R2 …; 1: R1 R2 … G1 …. */
  readonly planarConfiguration: 0 | 1;
  readonly bitsAllocated: 1 | 8 | 16 | 32;
  readonly bitsStored: number;
  /** As the file says, which may not fit the others. */
  readonly highBit: number;
  readonly isSigned: boolean;
}

/** @throws DicomError for what is missing, contradicts itself, or is not read here */
export function readImagePixel(dataSet: DataSet, codec: Codec): ImagePixel {
  for (const tag of [tags.FloatPixelData, tags.DoubleFloatPixelData]) {
    if (dataSet.element(tag) !== undefined)
      throw new DicomError("its pixels are floating-point numbers, which are not read here");
  }
  if (dataSet.element(tags.DirectoryRecordSequence) !== undefined)
    throw new DicomError("it is a DICOMDIR, which lists images and has none");
  if (dataSet.element(tags.PixelData) === undefined) {
    const kind = describeSopClass(dataSet.text(tags.SOPClassUID));
    throw new DicomError(kind === null ? "it has no pixels" : `it has no pixels: it is ${kind}`);
  }
  const rows = needed(dataSet.word(tags.Rows), "Rows");
  const columns = needed(dataSet.word(tags.Columns), "Columns");
  const bitsAllocated = needed(dataSet.word(tags.BitsAllocated), "Bits Allocated");
  const bitsStored = dataSet.word(tags.BitsStored) ?? bitsAllocated;
  const highBit = dataSet.word(tags.HighBit) ?? bitsStored - 1;
  const photometric = readPhotometric(dataSet);
  const samplesPerPixel = dataSet.word(tags.SamplesPerPixel) ?? 1;
  if (samplesPerPixel !== photometricInterpretations[photometric]) {
    throw new DicomError(
      `${photometric} has ${photometricInterpretations[photometric] === 1 ? "1 sample" : "3 samples"} a pixel, but Samples per Pixel is ${samplesPerPixel}`
    );
  }
  if (bitsAllocated !== 1 && bitsAllocated !== 8 && bitsAllocated !== 16 && bitsAllocated !== 32) {
    throw new DicomError(`its Bits Allocated is ${bitsAllocated}; expected 1, 8, 16 or 32`);
  }
  if (bitsStored < 1 || bitsStored > bitsAllocated)
    throw new DicomError(`its Bits Stored is ${bitsStored} of ${bitsAllocated} allocated`);
  const isColor = samplesPerPixel === 3;
  if (
    (isColor || photometric === "PALETTE COLOR") &&
    (bitsAllocated === 1 || (bitsAllocated === 32 && photometric !== "RGB"))
  ) {
    throw new DicomError(`its pixels are ${photometric} with ${bitsAllocated} bits, which are not read here`);
  }
  if (photometric.startsWith("YBR_FULL") && bitsStored !== 8) {
    throw new DicomError(`its pixels are ${photometric} with ${bitsStored} bits; expected 8`);
  }
  const isWavelet = codec === "jpeg-2000" || codec === "htj2k";
  if ((photometric === "YBR_ICT" || photometric === "YBR_RCT") && !isWavelet) {
    throw new DicomError(`its pixels are ${photometric}, which belongs to JPEG 2000, but they are not compressed so`);
  }
  if (bitsAllocated === 1 && codec !== "none")
    throw new DicomError(
      "its pixels have 1 bit and are compressed, which is not read here. Convert it with gdcmconv -w (GDCM)"
    );
  return {
    rows,
    columns,
    frames: readFrames(dataSet),
    samplesPerPixel: photometricInterpretations[photometric],
    photometric,
    planarConfiguration: isColor && dataSet.word(tags.PlanarConfiguration) === 1 ? 1 : 0,
    bitsAllocated,
    bitsStored,
    highBit,
    isSigned: dataSet.word(tags.PixelRepresentation) === 1
  };
}

function needed(value: number | undefined, name: string): number {
  if (value === undefined || value === 0) throw new DicomError(`its ${name} is ${value ?? "missing"}`);
  return value;
}

function readPhotometric(dataSet: DataSet): PhotometricInterpretation {
  const text = dataSet.text(tags.PhotometricInterpretation)?.toUpperCase();
  if (text === undefined) throw new DicomError("its Photometric Interpretation is missing");
  if (Object.hasOwn(photometricInterpretations, text)) return text as PhotometricInterpretation;
  // The value is a stranger's, and may be a text that belongs elsewhere.
  if (!otherInterpretations.has(text)) throw new DicomError("its Photometric Interpretation is not a valid code");
  throw new DicomError(
    `its Photometric Interpretation is ${text}, which is not supported. Make a PNG of it with dcm2img (DCMTK)`
  );
}

function readFrames(dataSet: DataSet): number {
  const [frames = 1] = dataSet.numbers(tags.NumberOfFrames);
  if (Number.isNaN(frames) && dataSet.text(tags.NumberOfFrames) === undefined) return 1;
  if (!Number.isSafeInteger(frames) || frames < 0) throw new DicomError("its Number of Frames is not a whole number");
  return Math.max(1, frames); // 0 is written for "not multi-frame"
}
