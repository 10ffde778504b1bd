/** Trestle TIFF (MedScan): tiles overlap by so many pixels as the description says, for each level. */
import type { TiffDirectory, TiffFile } from "../../tiff/tiff-file.js";
import { tags } from "../../tiff/tiff-file.js";
import type { SlideContent, SlideLevel } from "../level.js";
import { overlappingTiles } from "../overlapping-tiles.js";
import { placedLevel } from "../placed-parts.js";
import { byMicrometres, byObjective } from "../scanned-at.js";
import { checkSlideSize, readTiffPicture, sizeOf } from "../tiff-picture.js";
import type { TiledPicture } from "../tiled-picture.js";
import { toNumber } from "../xml.js";

export async function isTrestle(first: TiffDirectory): Promise<boolean> {
  return ((await first.text(tags.software)) ?? "").startsWith("MedScan") && first.has(tags.tileWidth);
}

export async function openTrestle(
  file: TiffFile,
  pages: readonly TiffDirectory[],
  description: string
): Promise<SlideContent> {
  const values = new Map(
    description
      .split(";")
      .map((pair) => [pair.slice(0, pair.indexOf("=")).trim(), pair.slice(pair.indexOf("=") + 1).trim()])
  );
  const overlaps = (values.get("OverlapsXY") ?? "")
    .split(/\s+/)
    .filter((one) => one !== "")
    .map(Number);
  const levels: SlideLevel[] = [];
  for (const [index, page] of pages.entries()) {
    if ((await sizeOf(page)) === null || !page.has(tags.tileWidth)) continue;
    const picture = await readTiffPicture(file, [page]);
    const [across = 0, down = 0] = overlaps.slice(2 * index, 2 * index + 2);
    const isPossible = (overlap: number, edge: number): boolean =>
      Number.isSafeInteger(overlap) && overlap >= 0 && overlap < edge;
    if (!isPossible(across, picture.tileWidth) || !isPossible(down, picture.tileHeight))
      throw file.damaged(`its tiles overlap by ${across}×${down} pixels`);
    const level = overlappingLevel(file.name, picture, { across, down, largest: levels[0] });
    if (levels.every(({ width }) => width > level.width)) levels.push(level);
  }
  const [largest, first] = [levels[0], pages[0]];
  if (largest === undefined || first === undefined) throw file.damaged("it has no picture in tiles");
  checkSlideSize(file.name, largest);
  // Not pixels a unit, as TIFF has it, but micrometres a pixel.
  const [x, y] = [await first.number(tags.xResolution), await first.number(tags.yResolution)];
  return {
    levels,
    scanned:
      byObjective(toNumber(values.get("Objective Power") ?? null), "Trestle Objective Power", x, y) ??
      byMicrometres(x, y, "TIFF resolution"),
    otherPictures: pages.length - levels.length
  };
}

function overlappingLevel(
  name: string,
  picture: TiledPicture,
  {
    across,
    down,
    largest
  }: { readonly across: number; readonly down: number; readonly largest: SlideLevel | undefined }
): SlideLevel {
  const { columns, rows, tileWidth, tileHeight } = picture;
  const [width, height] = [picture.width - (columns - 1) * across, picture.height - (rows - 1) * down];
  const tiles = overlappingTiles(
    name,
    picture,
    { column: 0, row: 0, columns, rows, tileWidth, tileHeight, stepX: tileWidth - across, stepY: tileHeight - down },
    { x: 0, y: 0 }
  );
  return placedLevel(
    { width, height, downsample: largest === undefined ? 1 : (largest.width / width + largest.height / height) / 2 },
    [tiles]
  );
}
