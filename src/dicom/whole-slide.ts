/** Facts of one file of a slide in DICOM, without its pixels: VL Whole Slide Microscopy (PS3.3 A.32.8). */
import type { DataSet } from "./data-set.js";
import { DicomError } from "./dicom-error.js";
import { readImagePixel, type ImagePixel } from "./image-pixel.js";
import { isDicom } from "./is-dicom.js";
import { parseDicom } from "./parse.js";
import { tags } from "./tags.js";
import type { Codec } from "./transfer-syntax.js";

const wholeSlideMicroscopy = "1.2.840.10008.5.1.4.1.1.77.1.6";

export interface WholeSlideHeader {
  readonly seriesInstanceUid: string | null;
  /** VOLUME, a level of the pyramid; LABEL, OVERVIEW, THUMBNAIL. */
  readonly flavor: string | null;
  /** Of the whole level, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Of one tile, and how its pixels are stored. */
  readonly pixel: ImagePixel;
  readonly codec: Codec;
  /** What compresses the tiles, in words. */
  readonly transferSyntax: string;
  /** In millimetres. */
  readonly spacing: { readonly x: number; readonly y: number } | null;
  readonly objective: number | null;
  /** Of each tile, in its order, the upper left corner from 0; null: row by row. */
  readonly positions: readonly { readonly x: number; readonly y: number }[] | null;
  readonly focalPlanes: number;
  readonly opticalPaths: number;
  /** Of the first frame, where a level is split into several files. */
  readonly firstFrame: number;
  /** Where the value of Pixel Data begins in the file, and its bytes; null: encapsulated. */
  readonly pixelsAt: number;
  readonly pixelBytes: number | null;
  /** Of each frame from the end of the basic offset table; null without an extended one. */
  readonly extendedOffsets: readonly number[] | null;
}

/**
 * @param head The first bytes of a file, up to its pixels and a little more.
 * @returns null for what is not a file of a slide
 * @throws DicomError also where the head is too short
 */
export function readWholeSlideHeader(head: Uint8Array): WholeSlideHeader | null {
  if (!isDicom(head)) return null;
  const { dataSet, syntax } = parseDicom(head);
  if (dataSet.text(tags.SOPClassUID) !== wholeSlideMicroscopy) return null;
  const pixels = dataSet.element(tags.PixelData);
  if (pixels === undefined) throw new DicomError("it has no pixels, or they lie further on");
  if (syntax.isDeflated) throw new DicomError("its attributes are deflated, which is not read here for slides");
  const pixel = readImagePixel(dataSet, syntax.codec);
  const measures = dataSet.functionalGroup(tags.PixelMeasuresSequence, 0);
  const [down, across] = measures.numbers(tags.PixelSpacing);
  const paths = dataSet.items(tags.OpticalPathSequence);
  const [width, height] = [dataSet.long(tags.TotalPixelMatrixColumns), dataSet.long(tags.TotalPixelMatrixRows)];
  if (pixel.frames > 1 && (width === undefined || height === undefined))
    throw new DicomError("it does not say how large the slide is (Total Pixel Matrix Columns and Rows)");
  const isTiledFull = dataSet.text(tags.DimensionOrganizationType) === "TILED_FULL";
  return {
    seriesInstanceUid: dataSet.text(tags.SeriesInstanceUID) ?? null,
    flavor: dataSet.texts(tags.ImageType)[2] ?? null,
    width: width ?? pixel.columns,
    height: height ?? pixel.rows,
    pixel,
    codec: syntax.codec,
    transferSyntax: syntax.name,
    spacing:
      down === undefined || across === undefined || Number.isNaN(down) || Number.isNaN(across)
        ? null
        : { x: across, y: down },
    objective: paths[0]?.number(tags.ObjectiveLensPower) ?? null,
    positions: isTiledFull ? null : readPositions(dataSet, pixel.frames),
    focalPlanes: Math.max(1, dataSet.long(tags.TotalPixelMatrixFocalPlanes) ?? 1),
    opticalPaths: Math.max(1, paths.length),
    firstFrame: dataSet.long(tags.ConcatenationFrameOffsetNumber) ?? 0,
    pixelsAt: pixels.offset,
    pixelBytes: pixels.hasUndefinedLength ? null : pixels.length,
    extendedOffsets: readExtendedOffsets(dataSet)
  };
}

/** Positions are counted from 1. */
function readPositions(dataSet: DataSet, frames: number): { readonly x: number; readonly y: number }[] | null {
  const items = dataSet.items(tags.PerFrameFunctionalGroupsSequence);
  if (items.every((item) => item.items(tags.PlanePositionSlideSequence).length === 0)) return null;
  if (items.length !== frames) throw new DicomError(`it says that it has ${frames} frames, but places ${items.length}`);
  return items.map((item) => {
    const [position] = item.items(tags.PlanePositionSlideSequence);
    const x = position?.long(tags.ColumnPositionInTotalImagePixelMatrix, { isSigned: true });
    const y = position?.long(tags.RowPositionInTotalImagePixelMatrix, { isSigned: true });
    if (x === undefined || y === undefined) throw new DicomError("a frame of it has no place in the slide");
    return { x: x - 1, y: y - 1 };
  });
}

function readExtendedOffsets(dataSet: DataSet): number[] | null {
  const table = dataSet.value(tags.ExtendedOffsetTable);
  if (table === undefined) return null;
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  return Array.from({ length: Math.floor(table.byteLength / 8) }, (_one, index) =>
    Number(view.getBigUint64(8 * index, dataSet.isLittleEndian))
  );
}
