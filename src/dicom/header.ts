/** Facts of a DICOM file without its pixels: what a picture or a series is made of, and nothing about the patient. */
import type { DataSet } from "./data-set.js";
import { tags } from "./tags.js";

export interface DicomHeader {
  readonly studyInstanceUid: string | null;
  readonly seriesInstanceUid: string | null;
  readonly sopInstanceUid: string | null;
  readonly sopClassUid: string | null;
  /** "CT", "MR", "CR" …; null where it is missing or no code. */
  readonly modality: string | null;
  /** ORIGINAL or DERIVED, PRIMARY or SECONDARY, then AXIAL, LOCALIZER … */
  readonly imageType: readonly string[];
  readonly seriesNumber: number | null;
  readonly instanceNumber: number | null;
  readonly rows: number | null;
  readonly columns: number | null;
  /** 1 for an ordinary file. */
  readonly frames: number;
  /** Whether there are pixels at all: reports, plans and directories have none. */
  readonly hasPixels: boolean;
  /** What the values are after the rescale: Hounsfield units, something else, or what the file does not say. */
  readonly unit: "HU" | "unspecified" | "other";
  /** Whether the file says how stored values become those of the modality. */
  readonly isRescaled: boolean;
  readonly frame: FrameGeometry;
}

/** Where a frame lies, in millimetres, in the patient's coordinates (PS3.3 C.7.6.2). */
export interface FrameGeometry {
  /** x, y, z of the middle of the first pixel. */
  readonly imagePositionPatient: readonly number[] | null;
  /** Six direction cosines: along a row, then along a column. */
  readonly imageOrientationPatient: readonly number[] | null;
  /** Between the rows, then between the columns. */
  readonly pixelSpacing: readonly number[] | null;
  readonly sliceThickness: number | null;
  /** Spacing Between Slices. */
  readonly sliceSpacing: number | null;
}

/** YYYYMMDD as in the file; null where it is missing. */
export interface DicomDates {
  readonly study: string | null;
  readonly series: string | null;
  readonly acquisition: string | null;
  readonly content: string | null;
}

export function readHeader(dataSet: DataSet): DicomHeader {
  const frames = dataSet.number(tags.NumberOfFrames) ?? 1;
  const rescale = dataSet.functionalGroup(tags.PixelValueTransformationSequence, 0);
  return {
    studyInstanceUid: uid(dataSet.text(tags.StudyInstanceUID)),
    seriesInstanceUid: uid(dataSet.text(tags.SeriesInstanceUID)),
    sopInstanceUid: uid(dataSet.text(tags.SOPInstanceUID)),
    sopClassUid: uid(dataSet.text(tags.SOPClassUID)),
    modality: code(dataSet.text(tags.Modality)),
    imageType: dataSet.texts(tags.ImageType).flatMap((text) => code(text) ?? []),
    seriesNumber: dataSet.number(tags.SeriesNumber) ?? null,
    instanceNumber: dataSet.number(tags.InstanceNumber) ?? null,
    rows: dataSet.word(tags.Rows) ?? null,
    columns: dataSet.word(tags.Columns) ?? null,
    frames: Number.isSafeInteger(frames) && frames > 0 ? frames : 1,
    hasPixels: [tags.PixelData, tags.FloatPixelData, tags.DoubleFloatPixelData].some(
      (tag) => dataSet.element(tag) !== undefined
    ),
    unit: unitOf(rescale.text(tags.RescaleType), dataSet.text(tags.Modality)),
    isRescaled:
      rescale.has(tags.RescaleSlope) ||
      rescale.has(tags.RescaleIntercept) ||
      dataSet.items(tags.ModalityLUTSequence).length > 0,
    frame: readGeometry(dataSet, 0)
  };
}

/** @param frame From 0; the frames of an enhanced file lie at places of their own. */
export function readGeometry(dataSet: DataSet, frame: number): FrameGeometry {
  const measures = dataSet.functionalGroup(tags.PixelMeasuresSequence, frame);
  return {
    imagePositionPatient: numbers(
      dataSet.functionalGroup(tags.PlanePositionSequence, frame).numbers(tags.ImagePositionPatient),
      3
    ),
    imageOrientationPatient: numbers(
      dataSet.functionalGroup(tags.PlaneOrientationSequence, frame).numbers(tags.ImageOrientationPatient),
      6
    ),
    pixelSpacing: numbers(measures.numbers(tags.PixelSpacing), 2),
    sliceThickness: measures.number(tags.SliceThickness) ?? null,
    sliceSpacing: measures.number(tags.SpacingBetweenSlices) ?? null
  };
}

/** Apart from the others: dates belong to the patient, so whoever wants them asks. */
export function readDates(dataSet: DataSet): DicomDates {
  const date = (tag: Parameters<DataSet["text"]>[0]) => /^\d{8}$/.exec(dataSet.text(tag) ?? "")?.[0] ?? null;
  return {
    study: date(tags.StudyDate),
    series: date(tags.SeriesDate),
    acquisition: date(tags.AcquisitionDate),
    content: date(tags.ContentDate)
  };
}

/** PS3.3 C.11.1.1.2 has "HU" and "US", for unspecified; some write the word. A CT that says nothing has Hounsfield units (C.8.2.1). */
function unitOf(rescaleType: string | undefined, modality: string | undefined): DicomHeader["unit"] {
  if (rescaleType === undefined) return modality === "CT" ? "HU" : "unspecified";
  if (/^(?:HU|HOUNSFIELD.*)$/i.test(rescaleType)) return "HU";
  return rescaleType.toUpperCase() === "US" ? "unspecified" : "other";
}

/** Whether values are Hounsfield units. */
export function isHounsfield({ unit }: Pick<DicomHeader, "unit">): boolean {
  return unit === "HU";
}

function numbers(values: readonly number[], count: number): readonly number[] | null {
  return values.length === count && values.every(Number.isFinite) ? values : null;
}

/** Free text may stand where a code should; it must not get into a message. PS3.5 6.2: CS and UI. */
function code(text: string | undefined): string | null {
  return text !== undefined && /^[A-Z\d_ ]{1,16}$/.test(text) ? text : null;
}

function uid(text: string | undefined): string | null {
  return text !== undefined && /^[\d.]{1,64}$/.test(text) ? text : null;
}
