/**
 * Philips TIFF, as their scanners export it: generic, but that every level is filled up to whole tiles, each level has half the
 * pixels of the one before along an edge, and empty tiles are left out.
 */
import type { TiffDirectory, TiffFile } from "../../tiff/tiff-file.js";
import { tags } from "../../tiff/tiff-file.js";
import type { SlideContent, SlideLevel } from "../level.js";
import { byMicrometres } from "../scanned-at.js";
import { checkSlideSize, readTiffPicture, sizeOf } from "../tiff-picture.js";
import { tiledLevel } from "../tiled-picture.js";
import { decodeEntities, toNumber } from "../xml.js";

export const isPhilips = (description: string): boolean => /<DataObject\s+ObjectType="DPUfsImport"/.test(description);

export async function openPhilipsTiff(
  file: TiffFile,
  pages: readonly TiffDirectory[],
  xml: string
): Promise<SlideContent> {
  const levels: SlideLevel[] = [];
  let largest = { width: 0, height: 0 };
  for (const page of pages) {
    const size = await sizeOf(page);
    // Label and photograph are in strips.
    if (size === null || !page.has(tags.tileWidth)) continue;
    if (levels.length === 0) largest = size;
    checkSlideSize(file.name, largest);
    const downsample = 2 ** levels.length;
    const [width, height] = [Math.floor(largest.width / downsample), Math.floor(largest.height / downsample)];
    if (width < 1 || height < 1 || width > size.width || height > size.height)
      throw file.damaged(
        `its level ${levels.length} has ${size.width}×${size.height} pixels; expected ${width}×${height} or more`
      );
    levels.push(tiledLevel(file.name, await readTiffPicture(file, [page]), downsample, { width, height }));
  }
  if (levels.length === 0) throw file.damaged("it has no picture in tiles");
  const { x, y } = spacingOf(xml);
  return {
    levels,
    scanned: byMicrometres(x, y, "Philips DICOM_PIXEL_SPACING"),
    otherPictures: pages.length - levels.length
  };
}

/** Millimetres, down and across as in DICOM (PS3.3 10.7.1.3), of the scan: the first one, that of the largest level. */
function spacingOf(xml: string): { readonly x: number | null; readonly y: number | null } {
  const text = /<Attribute\s[^>]*\bName="DICOM_PIXEL_SPACING"[^>]*>([^<]*)</.exec(xml)?.[1] ?? "";
  const [down, across] = [...decodeEntities(text).matchAll(/"([^"]+)"/g)].map(([, value]) => toNumber(value ?? null));
  const micrometres = (millimetres: number | null | undefined): number | null =>
    millimetres === null || millimetres === undefined ? null : millimetres * 1000;
  return { x: micrometres(across), y: micrometres(down) };
}
