/** In which plane a volume is cut into pictures. */
import type { Three, VoxelAxis } from "./orientation.js";

export type Plane = "axial" | "coronal" | "sagittal";

export interface PlaneAxes {
  readonly plane: Plane;
  readonly columns: VoxelAxis;
  readonly rows: VoxelAxis;
  readonly slices: VoxelAxis;
}

/** A spacing so many times the next one is the distance of slices that were acquired, not of pixels. */
const slicesApart = 1.5;

/**
 * The plane of acquisition: across the one axis with a single voxel, or with a spacing clearly wider than the others. Where
 * no axis stands out, the volume can be cut anywhere, and is cut axially.
 *
 * @param ofPatient The axes right–left, anterior–posterior, head–foot.
 */
export function choosePlane(ofPatient: Three<VoxelAxis>, dimensions: Three<number>): PlaneAxes {
  const [lateral, sagittal, vertical] = ofPatient;
  const single = ofPatient.filter(({ axis }) => dimensions[axis] === 1);
  const [widest, next] = [...ofPatient].sort((a, b) => b.spacing - a.spacing);
  const isApart = widest !== undefined && next !== undefined && widest.spacing >= slicesApart * next.spacing;
  const across = single.length === 1 ? single[0] : isApart ? widest : vertical;
  if (across === lateral) return { plane: "sagittal", columns: sagittal, rows: vertical, slices: lateral };
  if (across === sagittal) return { plane: "coronal", columns: lateral, rows: vertical, slices: sagittal };
  return { plane: "axial", columns: lateral, rows: sagittal, slices: vertical };
}
