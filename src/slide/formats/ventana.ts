/**
 * Ventana BIF of Roche: XML says which tiles of the picture make up an area, where on the glass it lies, and by how much neighbours
 * overlap. The tiles of all areas are laid out by the mean of the overlaps, as OpenSlide does it. Ventana's TIFF has no such XML,
 * and nothing overlaps.
 */
import type { TiffDirectory, TiffFile } from "../../tiff/tiff-file.js";
import { tags } from "../../tiff/tiff-file.js";
import { rounded } from "../choose-level.js";
import type { SlideContent, SlideLevel } from "../level.js";
import { overlappingTiles } from "../overlapping-tiles.js";
import { placedLevel } from "../placed-parts.js";
import { byMicrometres, byObjective } from "../scanned-at.js";
import { checkSlideSize, readTiffPicture } from "../tiff-picture.js";
import { tiledLevel, type TiledPicture } from "../tiled-picture.js";
import { attribute, attributeNumber, elements, type XmlElement } from "../xml.js";

/** Tiles of one area, and where they lie. */
interface Area {
  /** Of its first tile in the picture, counted in tiles. */
  readonly column: number;
  readonly row: number;
  readonly columns: number;
  readonly rows: number;
  /** On the largest level, in pixels from its upper left corner. */
  readonly x: number;
  readonly y: number;
}

interface Layout {
  readonly areas: readonly Area[];
  /** From one tile to the next on the largest level, in pixels; a mean, with a fraction. */
  readonly stepX: number;
  readonly stepY: number;
  readonly notes: readonly string[];
}

export async function isVentana(first: TiffDirectory): Promise<boolean> {
  return (await xmlOf(first)).includes("<iScan");
}

async function xmlOf(directory: TiffDirectory): Promise<string> {
  return ((await directory.bytes(tags.xmp)) ?? Buffer.alloc(0)).toString("utf8");
}

export async function openVentana(file: TiffFile, pages: readonly TiffDirectory[]): Promise<SlideContent> {
  const found: { readonly page: TiffDirectory; readonly magnification: number }[] = [];
  for (const page of pages) {
    const description = (await page.text(tags.imageDescription)) ?? "";
    const magnification = Number(/(?:^|\s)mag=([\d.]+)/.exec(description)?.[1]);
    if (/(?:^|\s)level=\d/.test(description) && magnification > 0) found.push({ page, magnification });
  }
  const [first] = found.sort((a, b) => b.magnification - a.magnification);
  if (first === undefined || pages[0] === undefined) throw file.damaged("it holds no level of a Ventana slide");
  const largest = await readTiffPicture(file, [first.page]);
  const xml = await xmlOf(first.page);
  const layout = xml.includes("<EncodeInfo") ? readLayout(file, xml, largest) : null;
  const levels: SlideLevel[] = [];
  for (const { page, magnification } of found) {
    const picture = await readTiffPicture(file, [page]);
    if (picture.tileWidth !== largest.tileWidth || picture.tileHeight !== largest.tileHeight || !picture.isTiled)
      throw file.damaged("its levels have tiles of different sizes");
    const level = levelOf(file, picture, { layout, downsample: first.magnification / magnification });
    checkSlideSize(file.name, level);
    if (levels.every(({ downsample }) => downsample < level.downsample)) levels.push(level);
  }
  const [scan] = elements(await xmlOf(pages[0]), "iScan");
  const micrometres = scan === undefined ? null : attributeNumber(scan, "ScanRes");
  const scanned =
    byObjective(
      (scan && attributeNumber(scan, "Magnification")) ?? first.magnification,
      "Ventana Magnification",
      micrometres,
      micrometres
    ) ?? byMicrometres(micrometres, micrometres, "Ventana ScanRes");
  const focalPlanes = (scan && attributeNumber(scan, "Z-layers")) ?? 1;
  return {
    levels,
    scanned,
    otherPictures: pages.length - levels.length,
    notes: [...(focalPlanes > 1 ? [`the first of ${focalPlanes} focal planes`] : []), ...(layout?.notes ?? [])]
  };
}

/** The tiles of a smaller level hold what several of the largest one hold: they are cut into as many, which overlap as those do. */
function levelOf(
  file: TiffFile,
  picture: TiledPicture,
  { layout, downsample }: { readonly layout: Layout | null; readonly downsample: number }
): SlideLevel {
  if (layout === null) return tiledLevel(file.name, picture, downsample);
  const { areas, stepX, stepY } = layout;
  const [tileWidth, tileHeight] = [picture.tileWidth / downsample, picture.tileHeight / downsample];
  if (tileWidth < 1 || tileHeight < 1)
    throw file.damaged(
      `one of its levels is ${rounded(downsample)} times smaller than the largest, more than its tiles have pixels`
    );
  const size = { width: 0, height: 0 };
  const parts = areas.map(({ x, y, ...tiles }) => {
    const { column, row, columns, rows } = tiles;
    if (
      Math.round((column + columns - 1) * tileWidth) >= picture.width ||
      Math.round((row + rows - 1) * tileHeight) >= picture.height
    )
      throw file.damaged("its XML names tiles that are not there");
    size.width = Math.max(size.width, Math.ceil((x + (columns - 1) * stepX) / downsample + tileWidth));
    size.height = Math.max(size.height, Math.ceil((y + (rows - 1) * stepY) / downsample + tileHeight));
    return overlappingTiles(
      file.name,
      picture,
      { ...tiles, tileWidth, tileHeight, stepX: stepX / downsample, stepY: stepY / downsample },
      { x: x / downsample, y: y / downsample }
    );
  });
  return placedLevel({ ...size, downsample }, parts);
}

function readLayout(file: TiffFile, xml: string, { tileWidth, tileHeight }: TiledPicture): Layout {
  const [infos, origins] = [
    elements(xml, "ImageInfo"),
    elements(elements(xml, "AoiOrigin")[0]?.inner ?? "", "AOI\\d+")
  ];
  if (infos.length === 0 || infos.length !== origins.length)
    throw file.damaged(`its XML describes ${infos.length} areas, and places ${origins.length}`);
  const wanted = (
    element: XmlElement,
    name: string,
    isPossible: (value: number) => boolean = Number.isFinite
  ): number => {
    const value = attributeNumber(element, name);
    if (value === null || !isPossible(value)) throw file.damaged(`its XML has no ${name} where one is needed`);
    return value;
  };
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1 && value <= 2 ** 20;
  const scanned = infos.flatMap((info, index) =>
    attributeNumber(info, "AOIScanned") !== 0 ? [{ info, origin: origins[index] ?? info }] : []
  );
  if (scanned.length === 0) throw file.damaged("its XML names no area that was scanned");
  const overlaps = { x: meanOverlap(scanned, "x", wanted), y: meanOverlap(scanned, "y", wanted) };
  if (!(Math.abs(overlaps.x ?? 0) < tileWidth && Math.abs(overlaps.y ?? 0) < tileHeight))
    throw file.damaged(`its tiles overlap by ${overlaps.x ?? 0}×${overlaps.y ?? 0} pixels`);
  const [stepX, stepY] = [tileWidth - (overlaps.x ?? 0), tileHeight - (overlaps.y ?? 0)];
  const fromBelow = scanned.map(({ info, origin }) => {
    if (wanted(info, "Width") !== tileWidth || wanted(info, "Height") !== tileHeight)
      throw file.damaged("its XML speaks of tiles of another size");
    const inTiles = (name: string, edge: number): number =>
      wanted(origin, name, (value) => value >= 0 && Number.isInteger(value / edge)) / edge;
    const rows = wanted(info, "NumRows", isCount);
    const area = {
      column: inTiles("OriginX", tileWidth),
      row: inTiles("OriginY", tileHeight),
      columns: wanted(info, "NumCols", isCount),
      rows,
      x: Math.trunc(wanted(info, "Pos-X", (value) => value >= 0))
    };
    return { area, bottom: Math.trunc(wanted(info, "Pos-Y")), height: Math.trunc((rows - 1) * stepY + tileHeight) };
  });
  // Pos-Y is how far the lower edge lies above something that lies below all areas.
  const top = Math.max(...fromBelow.map(({ bottom, height }) => bottom + height));
  const areas = fromBelow.map(({ area, bottom, height }) => ({ ...area, y: top - bottom - height }));
  const isUnsaid =
    (overlaps.x === null && areas.some(({ columns }) => columns > 1)) ||
    (overlaps.y === null && areas.some(({ rows }) => rows > 1));
  const notes = [
    ...(areas.length > 1 ? [`${areas.length} scanned areas, each at its place on the glass`] : []),
    ...(isUnsaid ? ["the file does not say by how much its tiles overlap: placed side by side"] : []),
    ...((overlaps.x ?? 0) !== 0 || (overlaps.y ?? 0) !== 0
      ? ["its tiles overlap, and lie at the nearest whole pixels by the mean of their overlaps: seams may show"]
      : [])
  ];
  return { areas, stepX, stepY, notes };
}

/** Of all neighbours, weighed by the confidence of the scanner in each; null where none is told. */
function meanOverlap(
  scanned: readonly { readonly info: XmlElement }[],
  axis: "x" | "y",
  wanted: (element: XmlElement, name: string) => number
): number | null {
  let [sum, weights] = [0, 0];
  for (const { info } of scanned) {
    for (const joint of elements(info.inner, "TileJointInfo")) {
      const direction = attribute(joint, "Direction") ?? "";
      if (!(axis === "x" ? ["RIGHT", "LEFT"] : ["UP", "DOWN"]).includes(direction)) continue;
      const weight = Math.max(0, wanted(joint, "Confidence"));
      sum += weight * wanted(joint, axis === "x" ? "OverlapX" : "OverlapY");
      weights += weight;
    }
  }
  return weights > 0 ? sum / weights : null;
}
