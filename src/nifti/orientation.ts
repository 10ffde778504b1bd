/**
 * How a volume lies in the patient → how it is shown. NIfTI counts towards right, anterior, superior; pictures are shown as
 * radiology does: the patient's right on the left, anterior or superior on top. So every axis is walked from its plus end:
 * from right to left, from anterior to posterior, from head to foot.
 */

export type Three<Item> = readonly [Item, Item, Item];

/** An axis of the stored volume that runs, as near as may be, along an axis of the patient. */
export interface VoxelAxis {
  /** 0 varies fastest in the file. */
  readonly axis: 0 | 1 | 2;
  /** Whether stored indices rise towards right, anterior or superior, and so are walked downwards. */
  readonly isReversed: boolean;
  /** Between neighbours, in millimetres (or whatever unit the file has). */
  readonly spacing: number;
}

/** For right–left, anterior–posterior and head–foot. */
export interface Axes {
  readonly ofPatient: Three<VoxelAxis>;
  /** Whether the file says it. Without, nifti1.h takes stored indices to rise towards right, anterior, superior. */
  readonly isKnown: boolean;
}

/** Fields of the header. */
export interface Transform {
  readonly sform_code: number;
  readonly qform_code: number;
  readonly quatern_b: number;
  readonly quatern_c: number;
  readonly quatern_d: number;
  /** pixdim[0] is the sign of the third axis, pixdim[1 … 3] are spacings. */
  readonly pixDims: readonly number[];
}

/** Rows, from voxels to millimetres. */
type Matrix = readonly (readonly number[])[];

type QuaternionToMatrix = (
  b: number,
  c: number,
  d: number,
  x: number,
  y: number,
  z: number,
  dx: number,
  dy: number,
  dz: number,
  sign: number
) => Matrix;

const permutations: readonly Three<0 | 1 | 2>[] = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0]
];

/** The sform where there is one, else the qform, as nibabel and FSL choose; else the spacings alone. */
export function readAxes(transform: Transform, sformMatrix: Matrix, matrixOf: QuaternionToMatrix): Axes {
  const { quatern_b: b, quatern_c: c, quatern_d: d, pixDims } = transform;
  const [sign = 1, ...spacings] = pixDims;
  const [dx, dy, dz] = [0, 1, 2].map((axis) => positive(spacings[axis])) as [number, number, number];
  const sform = transform.sform_code > 0 ? axesOf(sformMatrix) : null;
  const qform = transform.qform_code > 0 ? axesOf(matrixOf(b, c, d, 0, 0, 0, dx, dy, dz, sign)) : null;
  const known = sform ?? qform;
  if (known !== null) return { ofPatient: known, isKnown: true };
  const spacingsAlone: Three<VoxelAxis> = [
    { axis: 0, isReversed: true, spacing: dx },
    { axis: 1, isReversed: true, spacing: dy },
    { axis: 2, isReversed: true, spacing: dz }
  ];
  return { ofPatient: spacingsAlone, isKnown: false };
}

/**
 * Each axis of the patient gets the stored axis that is nearest to it; of the six ways to pair them the one with the largest
 * sum of cosines.
 *
 * @returns null for a matrix that says nothing: not finite, or flat
 */
function axesOf(matrix: Matrix): Three<VoxelAxis> | null {
  const at = (row: number, column: number) => matrix[row]?.[column] ?? Number.NaN;
  const lengths = [0, 1, 2].map((column) => Math.hypot(at(0, column), at(1, column), at(2, column)));
  const cosine = (row: number, column: number) => at(row, column) / (lengths[column] ?? 0);
  if (!lengths.every((length) => Number.isFinite(length) && length > 0)) return null;
  const determinant =
    cosine(0, 0) * (cosine(1, 1) * cosine(2, 2) - cosine(1, 2) * cosine(2, 1)) -
    cosine(0, 1) * (cosine(1, 0) * cosine(2, 2) - cosine(1, 2) * cosine(2, 0)) +
    cosine(0, 2) * (cosine(1, 0) * cosine(2, 1) - cosine(1, 1) * cosine(2, 0));
  if (!(Math.abs(determinant) > 1e-3)) return null;
  const nearness = (order: Three<0 | 1 | 2>) =>
    order.reduce<number>((sum, column, row) => sum + Math.abs(cosine(row, column)), 0);
  const best = permutations.reduce((nearest, order) => (nearness(order) > nearness(nearest) ? order : nearest));
  const axisOf = (row: 0 | 1 | 2): VoxelAxis => ({
    axis: best[row],
    isReversed: at(row, best[row]) > 0,
    spacing: lengths[best[row]] ?? 1
  });
  return [axisOf(0), axisOf(1), axisOf(2)];
}

function positive(spacing: number | undefined): number {
  const size = Math.abs(spacing ?? 1);
  return Number.isFinite(size) && size > 0 ? size : 1;
}
