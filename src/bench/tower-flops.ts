/** How many floating-point operations the image tower needs for one image; a multiplication and an addition count as two. */
import { readModelFile } from "../language/model-file.js";
import type { ProjectorFacts } from "../native/addon.js";

/**
 * The matrix products of patch embedding, layers and attention; what stands between them counts for nothing, nor do pooling
 * and projection.
 *
 * @param feedForward Width of the feed-forward layer.
 */
export function towerFlops(
  { imageSize, patchSize, width, layers }: Pick<ProjectorFacts, "imageSize" | "patchSize" | "width" | "layers">,
  feedForward: number
): number {
  const patches = (imageSize / patchSize) ** 2;
  const weights = 3 * patchSize ** 2 * width + layers * (4 * width ** 2 + 2 * width * feedForward);
  const attention = 4 * patches ** 2 * width * layers;
  return 2 * patches * weights + attention;
}

/** From the header of a projector file, which the addon has checked. */
export async function readFeedForward(path: string): Promise<number> {
  const { info } = await readModelFile(path);
  const { clip } = info.metadata as unknown as { readonly clip: { readonly vision: { readonly feed_forward_length: number } } };
  return clip.vision.feed_forward_length;
}
