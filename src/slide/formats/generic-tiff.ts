/** Tiled TIFF with or without a pyramid, Aperio SVS: every directory is a picture, and those of one shape are the levels. */
import type { TiffDirectory, TiffFile } from "../../tiff/tiff-file.js";
import { tags } from "../../tiff/tiff-file.js";
import type { SlideContent } from "../level.js";
import { aperioScannedAt, resolutionScannedAt } from "../scanned-at.js";
import { findTiffLevels, type PictureDirectories } from "../tiff-levels.js";

export async function openGenericTiff(file: TiffFile, pages: readonly TiffDirectory[]): Promise<SlideContent> {
  const pictures = pages.flatMap((page): PictureDirectories[] => [
    [page],
    ...page.below.map((below): PictureDirectories => [below])
  ]);
  const { levels, largest, notes } = await findTiffLevels(file, pictures);
  const description = (await pages[0]?.text(tags.imageDescription)) ?? "";
  const aperio = description.startsWith("Aperio")
    ? aperioScannedAt((await largest[0].text(tags.imageDescription)) ?? description)
    : null;
  return {
    levels,
    scanned: aperio ?? (await resolutionScannedAt(largest[0])),
    otherPictures: pictures.length - levels.length,
    notes
  };
}
