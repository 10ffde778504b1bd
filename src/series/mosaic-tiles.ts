/** A Siemens mosaic → its slices: where each lies in the patient, and its pixels out of the picture. */
import type { FrameGeometry } from "../dicom/read-dicom.js";
import { normalOf } from "./places.js";
import type { Slice, Tile } from "./types.js";

/**
 * The position in the file is that of the whole picture, as if it were one slice with the middle of the first (nibabel,
 * nicom/dicomwrappers; dcm2niix).
 *
 * @param picture Of the whole mosaic.
 * @param normal In the order of the slices; null: rows × columns.
 */
export function tileSlice(picture: Slice, tile: Tile, normal: readonly number[] | null): Slice {
  const [rows, columns] = [picture.rows / tile.perRow, picture.columns / tile.perRow];
  return { ...picture, tile, rows, columns, geometry: tileGeometry(picture, tile, normal ?? normalOf(picture)) };
}

function tileGeometry(
  { geometry, rows, columns }: Slice,
  { index, perRow }: Tile,
  normal: readonly number[] | null
): FrameGeometry {
  const {
    imagePositionPatient: corner,
    imageOrientationPatient: cosines,
    pixelSpacing,
    sliceSpacing,
    sliceThickness
  } = geometry;
  const between = sliceSpacing ?? sliceThickness ?? 1;
  if (corner === null || cosines === null || normal === null) return { ...geometry, imagePositionPatient: null };
  const [down, across] = [
    ((rows - rows / perRow) / 2) * (pixelSpacing?.[0] ?? 1),
    ((columns - columns / perRow) / 2) * (pixelSpacing?.[1] ?? 1)
  ];
  const imagePositionPatient = corner.map(
    (value, axis) =>
      value + across * (cosines[axis] ?? 0) + down * (cosines[axis + 3] ?? 0) + index * between * (normal[axis] ?? 0)
  );
  return { ...geometry, imagePositionPatient };
}

/** @param values Row-major, `samples` for each pixel of the whole picture. */
export function cutTile<
  Values extends {
    subarray(from: number, to: number): Values;
    slice(from: number, to: number): Values;
    set(values: Values, at: number): void;
  }
>(values: Values, width: number, { rows, columns, tile }: Slice, samples = 1): Values {
  if (tile === null) return values;
  const [left, top] = [(tile.index % tile.perRow) * columns, Math.floor(tile.index / tile.perRow) * rows];
  const cut = values.slice(0, rows * columns * samples);
  for (let row = 0; row < rows; row += 1) {
    const start = ((top + row) * width + left) * samples;
    cut.set(values.subarray(start, start + columns * samples), row * columns * samples);
  }
  return cut;
}
