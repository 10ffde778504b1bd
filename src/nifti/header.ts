/**
 * The header of a NIfTI file: 348 bytes in version 1, 540 in version 2, in either byte order. nifti-reader-js reads the
 * fields; it is given these bytes alone, as it follows the sizes of extensions behind them without an end (and no extension
 * is wanted: they hold texts).
 */
import { isNIFTI1, isNIFTI2, NIFTI1, NIFTI2 } from "nifti-reader-js";
import { datatypes, type Datatype } from "./datatypes.js";
import { NiftiError } from "./nifti-error.js";
import { readAxes, type Axes, type Three } from "./orientation.js";

/** Of the longer version: what must be read of a file before anything else. */
export const headerBytes = 540;

const version1Bytes = 348;

export interface NiftiHeader {
  readonly datatype: Datatype;
  readonly isLittleEndian: boolean;
  /** Voxels along the three axes of a volume, as stored: the first varies fastest. */
  readonly dimensions: Three<number>;
  /** From 1: over time, directions of diffusion, components of a vector and so on. */
  readonly volumes: number;
  /** Of the first voxel, in bytes. */
  readonly offset: number;
  /** value = slope · stored + intercept */
  readonly slope: number;
  readonly intercept: number;
  readonly axes: Axes;
}

/** @param start The first bytes of a file, inflated; `headerBytes` are enough. */
export function isNifti(start: Uint8Array): boolean {
  const bytes = exactBuffer(start);
  return isNIFTI1(bytes, true) || isNIFTI2(bytes, true);
}

/** @throws NiftiError */
export function readHeader(start: Uint8Array): NiftiHeader {
  const isVersion1 = isNIFTI1(exactBuffer(start), true);
  const length = isVersion1 ? version1Bytes : headerBytes;
  if (start.length < length)
    throw new NiftiError(`it ends within its header, after ${start.length} of ${length} bytes`);
  const bytes = exactBuffer(start.subarray(0, length));
  const fields = isVersion1 ? new NIFTI1() : new NIFTI2();
  try {
    fields.readHeader(bytes);
  } catch (error) {
    throw new NiftiError("its header has neither the size of NIfTI-1 nor that of NIfTI-2", { cause: error });
  }
  if (fields.magic.startsWith("ni"))
    throw new NiftiError(
      "it is the header of a pair of files (.hdr and .img). Save the volume as one file, .nii or .nii.gz"
    );
  const [rank = 0, ...sizes] = fields.dims;
  if (!(rank >= 1 && rank <= 7)) throw new NiftiError(`it says that it has ${rank} dimensions; expected 1 to 7`);
  const [x = 1, y = 1, z = 1, ...others] = sizes.map((size, index) => (index < rank ? size : 1));
  if (![x, y, z, ...others].every((size) => Number.isSafeInteger(size) && size >= 1))
    throw new NiftiError(`it says that it has ${[x, y, z, ...others].slice(0, rank).join(" × ")} voxels`);
  const datatype = datatypes.get(fields.datatypeCode);
  if (datatype === undefined)
    throw new NiftiError(
      `its voxels are of type ${nameOfOther(fields.datatypeCode)}; expected whole numbers of 8 to 64 bits, or floating-point numbers of 32 or 64`
    );
  const { vox_offset: offset } = fields;
  if (!(Number.isSafeInteger(offset) && offset >= length))
    throw new NiftiError(`its voxels are said to begin at byte ${offset}; expected a whole number, ${length} or more`);
  const sform = isVersion1 ? readSform1(bytes, fields.littleEndian) : fields.affine;
  return {
    datatype,
    isLittleEndian: fields.littleEndian,
    dimensions: [x, y, z],
    volumes: others.reduce((product, size) => product * size, 1),
    offset,
    ...scaling(fields.scl_slope, fields.scl_inter),
    axes: readAxes(fields, sform, (...quaternion) => fields.convertNiftiQFormToNiftiSForm(...quaternion))
  };
}

/** A slope of 0 says that nothing is to be scaled (nifti1.h); one that is no number can say no more. */
function scaling(slope: number, intercept: number): { readonly slope: number; readonly intercept: number } {
  if (slope === 0 || !Number.isFinite(slope)) return { slope: 1, intercept: 0 };
  if (!Number.isFinite(intercept)) throw new NiftiError(`its values are scaled by an intercept of ${intercept}`);
  return { slope, intercept };
}

/** srow_x, srow_y, srow_z. The library leaves them out in version 1 where qform_code is greater than sform_code. */
function readSform1(bytes: ArrayBuffer, isLittleEndian: boolean): number[][] {
  const view = new DataView(bytes, 280, 48);
  return [0, 1, 2].map((row) => [0, 1, 2, 3].map((column) => view.getFloat32(4 * (4 * row + column), isLittleEndian)));
}

function nameOfOther(code: number): string {
  const others: Readonly<Record<number, string>> = {
    1: "bit",
    32: "complex64",
    128: "RGB24",
    1536: "float128",
    1792: "complex128",
    2048: "complex256",
    2304: "RGBA32"
  };
  return others[code] ?? String(code);
}

/** The library wants a buffer that begins with the header. */
function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
