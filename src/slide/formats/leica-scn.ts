/**
 * Leica SCN: XML that places areas on the glass, in nanometres, and names for each the directories of its levels. A level is the
 * whole glass, as OpenSlide shows it; what was not scanned is white.
 */
import { MedGemmaError } from "../../errors.js";
import { toTiledTiff } from "../../formats/formats.js";
import type { TiffDirectory, TiffFile } from "../../tiff/tiff-file.js";
import type { SlideContent, SlideLevel } from "../level.js";
import { placedLevel, type PlacedPart } from "../placed-parts.js";
import { byMicrometres, byObjective } from "../scanned-at.js";
import { checkSlideSize, readTiffPicture } from "../tiff-picture.js";
import { tiledLevel } from "../tiled-picture.js";
import { attributeNumber, elements, textOf, toNumber } from "../xml.js";

interface Area {
  /** On the glass, in nanometres. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly objective: number | null;
  readonly isBrightfield: boolean;
  /** The largest first. */
  readonly pictures: readonly { readonly width: number; readonly height: number; readonly directory: number }[];
}

const nanometres = 1000;

export const isLeica = (description: string): boolean => /<scn\b[^>]*leica-microsystems/i.test(description);

export async function openLeicaScn(
  file: TiffFile,
  pages: readonly TiffDirectory[],
  xml: string
): Promise<SlideContent> {
  const [collection] = elements(xml, "collection");
  const glass = {
    width: (collection && attributeNumber(collection, "sizeX")) ?? 0,
    height: (collection && attributeNumber(collection, "sizeY")) ?? 0
  };
  const all = elements(collection?.inner ?? "", "image").flatMap((image) => readArea(image.inner));
  // The photograph shows all of the glass.
  const scans = all.filter(
    ({ x, y, width, height }) => !(x === 0 && y === 0 && width === glass.width && height === glass.height)
  );
  const [first] = scans;
  if (first === undefined || !(glass.width > 0 && glass.height > 0))
    throw file.damaged("its XML names no scanned area");
  const areas = scans.filter(
    ({ objective, pictures }) => objective === first.objective && pictures.length === first.pictures.length
  );
  if (!areas.every(({ isBrightfield }) => isBrightfield))
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${file.name} is a Leica slide (SCN) of fluorescence; expected one of brightfield. ${toTiledTiff}`
    );
  const levels: SlideLevel[] = [];
  for (const [index, { width }] of first.pictures.entries())
    levels.push(
      await levelOf(file, pages, { areas, index, glass, nanometresPerPixel: first.width / width, largest: levels[0] })
    );
  const [largest] = first.pictures;
  const micrometres =
    largest === undefined
      ? { x: null, y: null }
      : { x: first.width / largest.width / nanometres, y: first.height / largest.height / nanometres };
  const scanned =
    byObjective(first.objective, "Leica objective", micrometres.x, micrometres.y) ??
    byMicrometres(micrometres.x, micrometres.y, "Leica view");
  const left = scans.length - areas.length;
  return {
    levels,
    scanned,
    otherPictures: all.length - scans.length,
    notes: [
      ...(areas.length > 1 ? [`${areas.length} scanned areas, each at its place on the glass`] : []),
      ...(left > 0 ? [`left out: ${left} ${left === 1 ? "area" : "areas"} scanned with another objective`] : [])
    ]
  };
}

function readArea(image: string): Area[] {
  const [view] = elements(image, "view");
  const [pixels] = elements(image, "pixels");
  if (view === undefined || pixels === undefined) return [];
  const number = (name: string): number => attributeNumber(view, name) ?? 0;
  const pictures = elements(pixels.inner, "dimension").flatMap((one) => {
    const [width, height, directory] = ["sizeX", "sizeY", "ifd"].map((name) => attributeNumber(one, name));
    // Planes of focus and of colour beside the first are for fluorescence and stacks.
    const isFirst = (attributeNumber(one, "z") ?? 0) === 0 && (attributeNumber(one, "c") ?? 0) === 0;
    return isFirst &&
      width !== null &&
      width !== undefined &&
      height !== null &&
      height !== undefined &&
      directory !== null &&
      directory !== undefined
      ? [{ width, height, directory }]
      : [];
  });
  const source = textOf(image, "illuminationSource");
  return [
    {
      x: number("offsetX"),
      y: number("offsetY"),
      width: number("sizeX"),
      height: number("sizeY"),
      objective: toNumber(textOf(image, "objective")),
      isBrightfield: source === null || source === "brightfield",
      pictures: pictures.filter(({ width, height }) => width > 0 && height > 0).sort((a, b) => b.width - a.width)
    }
  ];
}

interface LevelPlan {
  readonly areas: readonly Area[];
  /** Of the level. */
  readonly index: number;
  readonly glass: { readonly width: number; readonly height: number };
  readonly nanometresPerPixel: number;
  readonly largest: SlideLevel | undefined;
}

async function levelOf(
  file: TiffFile,
  pages: readonly TiffDirectory[],
  { areas, index, glass, nanometresPerPixel, largest }: LevelPlan
): Promise<SlideLevel> {
  const size = {
    width: Math.ceil(glass.width / nanometresPerPixel),
    height: Math.ceil(glass.height / nanometresPerPixel)
  };
  checkSlideSize(file.name, size);
  const parts: PlacedPart[] = [];
  for (const area of areas) {
    const found = area.pictures[index];
    const page = found === undefined ? undefined : pages[found.directory];
    if (found === undefined || page === undefined) throw file.damaged("its XML names pictures that are not there");
    const picture = await readTiffPicture(file, [page]);
    const box = {
      x: Math.round(area.x / nanometresPerPixel),
      y: Math.round(area.y / nanometresPerPixel),
      width: Math.min(found.width, picture.width),
      height: Math.min(found.height, picture.height)
    };
    parts.push({ ...tiledLevel(file.name, picture, 1), box });
  }
  return placedLevel({ ...size, downsample: largest === undefined ? 1 : largest.width / size.width }, parts);
}
