/** OME-TIFF: its XML says which pages are one picture, what its channels are, and how large a pixel is. */
import { MedGemmaError } from "../../errors.js";
import type { TiffDirectory, TiffFile } from "../../tiff/tiff-file.js";
import { tags } from "../../tiff/tiff-file.js";
import type { SlideContent } from "../level.js";
import { byMicrometres, resolutionScannedAt } from "../scanned-at.js";
import { sizeOf } from "../tiff-picture.js";
import { findTiffLevels, type PictureDirectories } from "../tiff-levels.js";
import { attribute, attributeNumber, elements, type XmlElement } from "../xml.js";

/** PhysicalSizeXUnit of the schema 2016-06. */
const micrometresPerUnit: Readonly<Record<string, number>> = {
  nm: 1e-3,
  µm: 1,
  μm: 1,
  um: 1,
  mm: 1e3,
  cm: 1e4,
  m: 1e6
};

/** Channel.Color of the schema: red, green, blue, opacity, as one signed number of 32 bits. */
const colours = [0xff0000ff, 0x00ff00ff, 0x0000ffff].map((colour) => colour | 0);

/** What pictures are called that are not the scan. */
const otherName = /\b(?:label|macro|thumbnail)\b/i;

/** What channels are called that are colours of one picture: not the names of dyes. */
const colourNames = [/^(?:r|red)$/i, /^(?:g|green)$/i, /^(?:b|blue)$/i] as const;
const plainName = /^(?:|c(?:hannel)?[\s:_-]*\d+(?:[:_-]\d+)*)$/i;

/** One Image of the XML. */
interface OmeImage {
  readonly pixels: XmlElement;
  readonly channels: readonly XmlElement[];
  /** By its name a picture that is not a scan; the name is told to nobody. */
  readonly isOther: boolean;
}

type PageSize = Awaited<ReturnType<typeof sizeOf>>;

/** The pages of an image. */
interface Planes {
  /** Those that are shown: one page, or three of red, green and blue. */
  readonly shown: PictureDirectories;
  /** All: focal planes and times as well. */
  readonly all: readonly TiffDirectory[];
  readonly notes: readonly string[];
}

export const isOme = (description: string): boolean => /<(?:\w+:)?OME[\s>]/.test(description);

export async function openOmeTiff(file: TiffFile, pages: readonly TiffDirectory[], xml: string): Promise<SlideContent> {
  const found: (Planes & { readonly image: OmeImage })[] = [];
  const images = readImages(xml);
  const sizes = await Promise.all(pages.map(sizeOf));
  for (const image of images) {
    if (image.isOther && images.length > 1) continue;
    const planes = await planesOf(file, pages, { xml, image, sizes });
    if (planes !== null) found.push({ ...planes, image });
  }
  // Pages that the XML does not speak of are levels, perhaps; those of labels are not.
  const claimed = new Set(found.flatMap(({ all }) => all));
  const others = images.filter(({ isOther }) => isOther && images.length > 1).flatMap((image) => pagesOf(image, sizes));
  const free = pages
    .filter((page, index) => !claimed.has(page) && !others.includes(index))
    .map((page): PictureDirectories => [page]);
  const pictures = [...found.flatMap(({ shown }) => levelsBelow(shown)), ...free];
  const { levels, largest, notes } = await findTiffLevels(file, pictures);
  const main = found.find(({ shown }) => levelsBelow(shown).some(([first]) => first === largest[0]));
  const size =
    main === undefined
      ? null
      : byMicrometres(
          physicalSize(main.image.pixels, "X"),
          physicalSize(main.image.pixels, "Y"),
          "OME-XML PhysicalSizeX"
        );
  return {
    levels,
    scanned: size ?? (await resolutionScannedAt(largest[0])),
    otherPictures: pictures.length - levels.length + new Set(others).size,
    notes: [...(main?.notes ?? []), ...notes]
  };
}

function readImages(xml: string): OmeImage[] {
  return elements(xml, "Image").flatMap((image) => {
    const [pixels] = elements(image.inner, "Pixels");
    return pixels === undefined
      ? []
      : [
          {
            pixels,
            channels: elements(pixels.inner, "Channel"),
            isOther: otherName.test(attribute(image, "Name") ?? "")
          }
        ];
  });
}

/** The picture itself and what lies in the sub-directories of its pages, of each the level of the same number. */
function levelsBelow(shown: PictureDirectories): PictureDirectories[] {
  const [first, ...others] = shown;
  return [
    shown,
    ...first.below.map((below, index): PictureDirectories => [
      below,
      ...others.flatMap((other) => other.below[index] ?? [])
    ])
  ];
}

/** @returns null for an image without pages in this file */
async function planesOf(
  file: TiffFile,
  pages: readonly TiffDirectory[],
  { xml, image, sizes }: { readonly xml: string; readonly image: OmeImage; readonly sizes: readonly PageSize[] }
): Promise<Planes | null> {
  if (liesElsewhere(xml, image)) return null;
  const indices = pagesOf(image, sizes);
  const all = indices.flatMap((index) => (index === null ? [] : (pages[index] ?? [])));
  const [first] = all;
  if (first === undefined) return null;
  const { z, t } = { z: size(image, "Z"), t: size(image, "T") };
  const focus = Math.floor((z - 1) / 2);
  const notes = [...(z > 1 ? [`focal plane ${focus + 1} of ${z}`] : []), ...(t > 1 ? [`the first of ${t} times`] : [])];
  const samples = (await first.number(tags.samplesPerPixel)) ?? 1;
  const channels = channelsOf(image, samples);
  const plane = (channel: number): TiffDirectory => {
    const index = indices[planeIndex(image, { channels, z: focus, channel })];
    const page = index === null || index === undefined ? undefined : pages[index];
    if (page === undefined)
      throw file.damaged(`its OME-XML speaks of ${channels * z * t} planes, and not all are there`);
    return page;
  };
  if (channels === 1) return { shown: [plane(0)], all, notes };
  const [red, green, blue] = coloursOf(file, image, channels);
  return {
    shown: [plane(red), plane(green), plane(blue)],
    all,
    notes: [...notes, "three gray planes shown as red, green and blue"]
  };
}

/** Where a file of several holds another's planes (TiffData with the UUID of another file). */
function liesElsewhere(xml: string, { pixels }: OmeImage): boolean {
  const [root] = elements(xml, "OME");
  const own = root === undefined ? null : attribute(root, "UUID");
  const [uuid] = elements(pixels.inner, "UUID");
  return own !== null && uuid !== undefined && uuid.inner.trim() !== own.trim();
}

const size = ({ pixels }: OmeImage, axis: "C" | "T" | "Z"): number =>
  Math.max(1, Math.floor(attributeNumber(pixels, `Size${axis}`) ?? 1));

/** Planes for each focus and time: samples of one page count as one. */
function channelsOf(image: OmeImage, samples: number): number {
  return image.channels.length > 0 ? image.channels.length : Math.max(1, Math.floor(size(image, "C") / samples));
}

/** In which order planes follow each other. */
function planeIndex(
  image: OmeImage,
  { channels, z, channel }: { readonly channels: number; readonly z: number; readonly channel: number }
): number {
  const order = attribute(image.pixels, "DimensionOrder") ?? "XYZCT";
  const [counts, places] = [
    { C: channels, Z: size(image, "Z"), T: size(image, "T") },
    { C: channel, Z: z, T: 0 }
  ];
  let [index, step] = [0, 1];
  for (const axis of order.slice(2)) {
    if (axis !== "C" && axis !== "Z" && axis !== "T") continue;
    index += places[axis] * step;
    step *= counts[axis];
  }
  return index;
}

/**
 * The page of each plane, in the order of DimensionOrder; null where none is named. An empty TiffData means the pages from the
 * first on; without any, they begin with the first of the right size.
 */
function pagesOf(image: OmeImage, sizes: readonly PageSize[]): (number | null)[] {
  const [width, height] = [attributeNumber(image.pixels, "SizeX"), attributeNumber(image.pixels, "SizeY")];
  const isOfImage = (page: PageSize | undefined): boolean => page?.width === width && page.height === height;
  const channels = image.channels.length > 0 ? image.channels.length : size(image, "C");
  const planes = Math.min(sizes.length, channels * size(image, "Z") * size(image, "T"));
  const data = elements(image.pixels.inner, "TiffData");
  const found: (number | null)[] = Array.from({ length: planes }, () => null);
  const unnamed = { head: ` IFD="${sizes.findIndex(isOfImage)}" PlaneCount="${planes}"`, inner: "" };
  for (const one of data.length > 0 ? data : [unnamed]) {
    const page = attributeNumber(one, "IFD");
    const first = planeIndexOf(one, image, channels);
    // One page where IFD says which, else all that there are (schema 2016-06).
    const count = attributeNumber(one, "PlaneCount") ?? (page === null ? planes : 1);
    for (let index = 0; index < count && first + index < planes; index += 1) {
      const at = (page ?? 0) + index;
      found[first + index] = isOfImage(sizes[at]) ? at : null;
    }
  }
  return found;
}

function planeIndexOf(data: XmlElement, image: OmeImage, channels: number): number {
  const [z, channel] = [attributeNumber(data, "FirstZ") ?? 0, attributeNumber(data, "FirstC") ?? 0];
  const t = attributeNumber(data, "FirstT") ?? 0;
  // Later times lie behind all that is shown.
  return t > 0 ? Number.MAX_SAFE_INTEGER : planeIndex(image, { channels, z, channel });
}

/**
 * Which of three channels is red, green and blue: by their colours, by their names, or in their order where nothing speaks
 * against it.
 *
 * @throws MedGemmaError IMAGE_UNREADABLE for channels of dyes
 */
function coloursOf(file: TiffFile, { channels, pixels }: OmeImage, count: number): readonly [number, number, number] {
  const refuse = (): MedGemmaError =>
    new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${file.name} has ${count} channels in planes of their own, as of fluorescence; expected one picture in colour, or three planes of red, green and blue. Make a picture in colour of the channels that you need.`
    );
  if (count !== 3 || (attribute(pixels, "Type") ?? "uint8") !== "uint8") throw refuse();
  if (channels.length === 0) return [0, 1, 2];
  const isDye = (channel: XmlElement): boolean =>
    ["EmissionWavelength", "ExcitationWavelength", "Fluor"].some((name) => attribute(channel, name) !== null) ||
    attribute(channel, "ContrastMethod") === "Fluorescence";
  if (channels.some(isDye)) throw refuse();
  const byColour = colours.map((colour) =>
    channels.findIndex((channel) => attributeNumber(channel, "Color") === colour)
  );
  const names = channels.map((channel) => attribute(channel, "Name") ?? "");
  const byName = colourNames.map((name) => names.findIndex((one) => name.test(one.trim())));
  for (const [red = -1, green = -1, blue = -1] of [byName, byColour])
    if (Math.min(red, green, blue) >= 0) return [red, green, blue];
  if (names.every((name) => plainName.test(name.trim()))) return [0, 1, 2];
  throw refuse();
}

function physicalSize(pixels: XmlElement, axis: "X" | "Y"): number | null {
  const unit = attribute(pixels, `PhysicalSize${axis}Unit`) ?? "µm"; // the schema's default
  const [value, scale] = [attributeNumber(pixels, `PhysicalSize${axis}`), micrometresPerUnit[unit]];
  return value === null || scale === undefined ? null : value * scale;
}
