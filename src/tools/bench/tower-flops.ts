/** How many floating-point operations the image tower needs for one image; a multiplication and an addition count as two. */
import type { ProjectorFacts } from "../../native/addon.js";

export type TowerShape = Pick<ProjectorFacts, "imageSize" | "patchSize" | "width" | "layers" | "feedForward">;

/**
 * The matrix products of patch embedding, layers and attention; what stands between them counts for nothing, nor do pooling
 * and projection.
 */
export function towerFlops({ imageSize, patchSize, width, layers, feedForward }: TowerShape): number {
  const patches = (imageSize / patchSize) ** 2;
  const weights = 3 * patchSize ** 2 * width + layers * (4 * width ** 2 + 2 * width * feedForward);
  const attention = 4 * patches ** 2 * width * layers;
  return 2 * patches * weights + attention;
}
