/**
 * A slide → the patches that the model sees. From the file up:
 *
 *     open-slide → formats → choose-level      what there is, without pixels: levels that can be read in parts
 *     grid → find-tissue → evenly-spaced       which patches, by a small level
 *     level.readRegion → resize                their pixels, last, one patch at a time
 *
 * So memory depends on the patches that are taken, never on the slide.
 */
import {
  abortSignal,
  callback,
  checkArgument,
  checkOptions,
  count,
  flag,
  name as nameRule,
  type RulesOf
} from "../shared/check-arguments.js";
import { abortedError, MedGemmaError } from "../errors.js";
import { evenlySpaced } from "../shared/evenly-spaced.js";
import type { DecodedImage } from "../image/types.js";
import { loadAddon } from "../native/load-addon.js";
import { checkPixelsInAll } from "../shared/picture-size.js";
import { chooseLevel } from "./choose-level.js";
import { findTissue, type Place } from "./find-tissue.js";
import { boxOnLevel, gridOf, type Grid } from "./grid.js";
import { isLeftOut, type OpenSlide, type SlideLevel } from "./level.js";
import { rulesOf } from "../shared/option.js";
import { notesOf } from "./notes.js";
import { openSlide } from "./open-slide.js";
import { readOverview } from "./overview.js";
import { pixelAspectOf } from "./pixel-aspect.js";
import { maxPatches, slideChoices } from "./slide-options.js";
import type { Slide, SlideOptions } from "./types.js";

/** Of the grid, taken or not: a slide of 200,000 × 200,000 at 40x has 50,000. */
const maxGrid = 2 ** 20;

/** Of the level, for one patch: 67 of 1 megapixel shrunk to one. */
const maxPatchPixels = 2 ** 26;

const rules: RulesOf<SlideOptions> = {
  ...rulesOf(slideChoices),
  side: count(1, 4096),
  aspect: flag,
  nameOf: callback,
  onProgress: callback,
  signal: abortSignal
};

/**
 * @param path A tiled TIFF or BigTIFF file with or without a pyramid (generic, Aperio SVS, OME-TIFF, Philips, Leica SCN, Trestle, Ventana BIF), a
 *   Hamamatsu NDPI file, or a file or folder of a slide in DICOM (VL Whole Slide Microscopy).
 * @throws MedGemmaError IMAGE_NOT_FOUND; IMAGE_UNREADABLE, also when there is no tissue; IMAGE_TOO_LARGE; INVALID_ARGUMENT;
 *   ABORTED; ADDON_MISSING
 */
export async function readSlide(path: string, options: SlideOptions = {}): Promise<Slide> {
  checkArgument("The path of a slide", path, nameRule);
  checkOptions("The options of readSlide", options, rules);
  checkChoices(options);
  const name = (options.nameOf ?? ((given: string): string => given))(path);
  const slide = await openSlide(path, name);
  try {
    return await readPatches(slide, options);
  } finally {
    await slide.close();
  }
}

async function readPatches(
  slide: OpenSlide,
  {
    level,
    magnification,
    patches: most = maxPatches,
    side = 896,
    aspect = true,
    overview = false,
    onProgress,
    signal
  }: SlideOptions
): Promise<Slide> {
  const { name, levels, scanned, otherPictures } = slide;
  const checkAborted = (): void => {
    if (signal?.aborted === true) throw abortedError(`Reading ${name}`, signal);
  };
  checkAborted();
  const [largest] = levels;
  if (largest === undefined)
    throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is damaged or incomplete: it has no picture.`);
  const chosen = chooseLevel(levels, scanned, { level, magnification, name });

  const pixelAspect = aspect ? pixelAspectOf(scanned) : 1;
  const edge = side * chosen.shrinkBy;
  const pitch = { x: edge * Math.min(1, pixelAspect), y: edge / Math.max(1, pixelAspect) };
  if (pitch.x * pitch.y > maxPatchPixels) {
    throw new MedGemmaError(
      "IMAGE_TOO_LARGE",
      `A patch of ${name} would be made of ${Math.round(pitch.x)}×${Math.round(pitch.y)} pixels; the limit is ${maxPatchPixels} in all, and the file has no smaller level. Choose a greater magnification.`,
      { remedy: { option: "magnification" } }
    );
  }
  const grid = gridOf(chosen.level, pitch);
  const count = grid.columns * grid.rows;
  if (count === 0) {
    const seen = [chosen.level.width / pitch.x, chosen.level.height / pitch.y]
      .map((patches) => Math.floor(patches * side + 1e-6))
      .join("×");
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `${name} has ${seen} pixels as it would be seen, less than one patch of ${side}×${side}. Choose a greater magnification or a larger level, or give it as a picture.`,
      { remedy: { option: "magnification", also: ["level"] } }
    );
  }
  if (count > maxGrid)
    throw new MedGemmaError(
      "IMAGE_TOO_LARGE",
      `${name} has ${count} patches of ${side}×${side} pixels; the limit is ${maxGrid}. Choose a smaller magnification or a smaller level.`,
      { remedy: { option: "magnification", also: ["level"] } }
    );

  const withTissue = await findTissue({ levels: levels.slice(chosen.index), grid, checkAborted, onProgress });
  const tiles = await chosen.level.countTiles();
  const tissue = tiles.missing > 0 ? await withoutLeftOut(withTissue, grid, chosen.level) : withTissue;
  if (tissue.length === 0) {
    const sparse = tiles.missing > 0 ? `, and ${tiles.missing} of ${tiles.of} tiles are left out of the file` : "";
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} has no tissue: all ${count} patches are as bright as the background, or black${sparse}. Check that it is a brightfield slide.`
    );
  }
  const indices = evenlySpaced(tissue.length, most);
  checkPixelsInAll(indices.length * side * side, {
    name,
    pictures: `${indices.length} patches`,
    advice: "Take fewer, or smaller ones.",
    remedy: { option: "patches" }
  });
  const taken = indices.flatMap((index) => tissue[index] ?? []);

  const patches: DecodedImage[] = [];
  for (const [index, place] of taken.entries()) {
    checkAborted();
    const box = boxOnLevel(grid, chosen.level, place);
    const pixels = await chosen.level.readRegion(box);
    const isAsItIs = box.width === side && box.height === side;
    const rgb = isAsItIs ? pixels : await loadAddon().fitToSquare(pixels, box.width, box.height, side, "stretch");
    patches.push({ source: `${name} (patch ${(indices[index] ?? 0) + 1})`, width: side, height: side, rgb });
    onProgress?.({ step: "reading patches", done: index + 1, of: taken.length });
  }
  const facts = {
    source: name,
    asked: { magnification: magnification ?? null, level: level ?? null, patches: most, overview, aspect },
    taken: taken.length,
    of: tissue.length,
    grid: count,
    numbers: indices.map((index) => index + 1),
    positions: taken.map((place) => boxOnLevel(grid, largest, place)),
    side,
    width: largest.width,
    height: largest.height,
    levels: levels.length,
    level: chosen.index,
    shrunkBy: chosen.shrinkBy,
    pixelAspect,
    magnification: chosen.magnification,
    scannedAt: scanned?.magnification ?? null,
    magnificationFrom: scanned?.from ?? null,
    micrometresPerPixel: scanned?.micrometres?.x ?? null
  };
  const picture = overview ? await readOverview(slide, { side, pixelAspect, checkAborted }) : null;
  checkAborted();
  return {
    patches,
    overview: picture,
    ...facts,
    notes: notesOf(facts, {
      grid,
      wanted: magnification,
      otherPictures,
      tiles,
      notOnLevel: withTissue.length - tissue.length,
      micrometres: scanned?.micrometres ?? null,
      pixelAspectOfFile: pixelAspectOf(scanned),
      ofFormat: slide.notes
    })
  };
}

/** Tissue may be found on a smaller level, where the one that is read has nothing but what the file leaves out. */
async function withoutLeftOut(places: readonly Place[], grid: Grid, level: SlideLevel): Promise<Place[]> {
  const kept: Place[] = [];
  for (const place of places) if (!isLeftOut(await level.countTiles(boxOnLevel(grid, level, place)))) kept.push(place);
  return kept;
}

function checkChoices({ magnification, level }: SlideOptions): void {
  if (magnification !== undefined && level !== undefined)
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      "A slide is seen at a magnification or at a level of its file, but not at both. Leave one out.",
      { remedy: { option: "magnification", also: ["level"] } }
    );
}
