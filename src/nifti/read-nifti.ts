/**
 * NIfTI files (one file, version 1 or 2, gzip or not) → slices as radiology shows them. The folder owns nifti-reader-js. From
 * the bytes up:
 *
 *     file-range                              bytes, inflated, within limits
 *     header (datatypes, orientation)         what is in the file, checked
 *     planes                                  along which axis it is cut
 *
 * Texts of a header (descrip, aux_file, intent_name, db_name) and extensions are put into no message, note or answer.
 */
import { stat } from "node:fs/promises";
import { abortedError, firstLine, MedGemmaError } from "../errors.js";
import { checkPictureSize } from "../shared/picture-size.js";
import { readRange, readStart } from "./file-range.js";
import { headerBytes, isNifti, readHeader, type NiftiHeader } from "./header.js";
import { NiftiError } from "./nifti-error.js";
import { choosePlane, type PlaneAxes } from "./planes.js";

export type { Plane } from "./planes.js";

/** Of one volume: a whole-body CT of 512 × 512 × 4000 voxels of 16 bits. */
const maxVolumeBytes = 2 ** 31 - 1;

const maxSlices = 20_000;

export interface NiftiFile {
  readonly volumes: number;
  readonly plane: PlaneAxes;
  readonly slices: number;
  readonly width: number;
  readonly height: number;
  /** Whether the file says how it lies in the patient. */
  readonly isOrientationKnown: boolean;
  /**
   * Keeps the voxels of one volume in memory, as they are stored.
   *
   * @param volume From 1.
   * @throws MedGemmaError IMAGE_UNREADABLE, ABORTED
   */
  readonly readVolume: (volume: number, signal?: AbortSignal) => Promise<NiftiVolume>;
}

export interface NiftiVolume {
  /**
   * @param slice From 0: from head to foot, from anterior to posterior, or from right to left.
   * @returns after the scaling of the file, row-major, `width * height`
   */
  readonly readSlice: (slice: number) => Float64Array;
}

/** By its content. False for what is no file or cannot be opened. */
export async function isNiftiFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile() && isNifti(await readStart(path, headerBytes));
  } catch {
    return false;
  }
}

/**
 * The header; voxels stay where they are.
 *
 * @param name What to call the file in messages.
 * @throws MedGemmaError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function openNifti(path: string, name: string): Promise<NiftiFile> {
  const header = await inFile(path, name, async () => readHeader(await readStart(path, headerBytes)));
  const { dimensions, volumes, datatype, axes } = header;
  const plane = choosePlane(axes.ofPatient, dimensions);
  const [width, height, slices] = [plane.columns, plane.rows, plane.slices].map(({ axis }) => dimensions[axis]) as [
    number,
    number,
    number
  ];
  checkPictureSize(name, width, height);
  const volumeBytes = width * height * slices * datatype.bytes;
  if (slices > maxSlices || volumeBytes > maxVolumeBytes) {
    throw new MedGemmaError(
      "IMAGE_TOO_LARGE",
      `${name} says that it has ${slices} slices of ${width} × ${height}, ${volumeBytes} bytes; the limits are ${maxSlices} slices and ${maxVolumeBytes} bytes. Save a part of it.`
    );
  }
  return {
    volumes,
    plane,
    slices,
    width,
    height,
    isOrientationKnown: axes.isKnown,
    readVolume: async (volume, signal) => {
      const range = {
        from: header.offset + (volume - 1) * volumeBytes,
        length: volumeBytes,
        end: header.offset + volumes * volumeBytes
      };
      const bytes = await inFile(path, name, async () => await readRange(path, range, signal), signal);
      return { readSlice: (slice) => readSlice(bytes, header, plane, slice) };
    }
  };
}

function readSlice(
  bytes: Uint8Array,
  { datatype, dimensions, isLittleEndian, slope, intercept }: NiftiHeader,
  plane: PlaneAxes,
  slice: number
): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const strides = [1, dimensions[0], dimensions[0] * dimensions[1]] as const;
  const along = ({ axis, isReversed }: PlaneAxes["columns"]) => ({
    count: dimensions[axis],
    first: isReversed ? (dimensions[axis] - 1) * strides[axis] : 0,
    step: isReversed ? -strides[axis] : strides[axis]
  });
  const [columns, rows, slices] = [along(plane.columns), along(plane.rows), along(plane.slices)];
  const values = new Float64Array(columns.count * rows.count);
  const start = slices.first + slice * slices.step;
  for (let row = 0; row < rows.count; row += 1) {
    let voxel = start + rows.first + row * rows.step + columns.first;
    for (let column = 0; column < columns.count; column += 1, voxel += columns.step) {
      values[row * columns.count + column] =
        datatype.read(view, voxel * datatype.bytes, isLittleEndian) * slope + intercept;
    }
  }
  return values;
}

async function inFile<Result>(
  path: string,
  name: string,
  read: () => Promise<Result>,
  signal?: AbortSignal
): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (signal?.aborted === true) throw abortedError("Reading the series", signal);
    if (error instanceof NiftiError)
      throw new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be read as NIfTI: ${error.message}.`, {
        cause: error
      });
    throw new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be read: ${firstLine(error).replaceAll(path, name)}.`, {
      cause: error
    });
  }
}
