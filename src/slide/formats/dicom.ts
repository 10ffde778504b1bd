/** DICOM: the files of one series are the levels; each frame is a tile. A file stands for its series, whose others lie beside it. */
import { opendir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DicomError } from "../../dicom/dicom-error.js";
import { readWholeSlideHeader, type WholeSlideHeader } from "../../dicom/whole-slide.js";
import { MedGemmaError } from "../../errors.js";
import type { OpenSlide, SlideContent, SlideLevel } from "../level.js";
import { byMicrometres, byObjective } from "../scanned-at.js";
import { openSource, type SlideSource } from "../slide-source.js";
import { checkSlideSize } from "../tiff-picture.js";
import { tiledLevel } from "../tiled-picture.js";
import { tiledPictureOf, type SlideFrames } from "./dicom-frames.js";

/** A study with some slides has hundreds. */
const maxFiles = 20_000;

/** Attributes before the pixels: of sparse levels, the places of all tiles. */
const headSizes = [2 ** 16, 2 ** 20, 2 ** 24, 2 ** 28] as const;

/**
 * @param path A file, or a folder that holds one slide.
 * @throws MedGemmaError IMAGE_NOT_FOUND, IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function openDicomSlide(path: string, name: string, isFolder: boolean): Promise<OpenSlide> {
  const own = isFolder ? null : await readHeader(path, name);
  if (!isFolder && own === null)
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} is a DICOM file, but not of a slide (VL Whole Slide Microscopy). Give it as a picture or as a series.`
    );
  const found: { readonly path: string; readonly header: WholeSlideHeader }[] = [];
  const unreadable: MedGemmaError[] = [];
  for (const file of await filesOf(isFolder ? path : dirname(path), { isDeep: isFolder, name })) {
    let header: WholeSlideHeader | null = null;
    try {
      header = await readHeader(file, name);
    } catch (error) {
      if (!(error instanceof MedGemmaError)) throw error;
      unreadable.push(error);
    }
    if (header !== null && (own === null || header.seriesInstanceUid === own.seriesInstanceUid))
      found.push({ path: file, header });
  }
  const scans = found.filter(({ header }) => header.flavor === "VOLUME" || header.flavor === null);
  const series = new Set(scans.map(({ header }) => header.seriesInstanceUid));
  if (series.size > 1)
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} is a folder with ${series.size} slides in DICOM. Name a file of one, or the folder of one.`
    );
  if (found.length === 0 && unreadable[0] !== undefined) throw unreadable[0];
  if (scans.length === 0)
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} ${isFolder ? "is a folder that holds" : "belongs to a series with"} no level of a slide in DICOM (VL Whole Slide Microscopy). A slide of another format is one file; name it.`
    );
  const opened: SlideFrames[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map(async ({ source }) => await source.close()));
  };
  try {
    for (const { path: file, header } of scans) opened.push({ source: await openSource(file, name), header });
    const content = contentOf(name, opened, found.length - scans.length);
    const left =
      unreadable.length > 0
        ? [
            `left out: ${unreadable.length} DICOM file${unreadable.length === 1 ? "" : "s"} of the folder that cannot be read`
          ]
        : [];
    return { ...content, notes: [...(content.notes ?? []), ...left], name, close };
  } catch (error) {
    await close();
    throw error instanceof DicomError
      ? new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be read as DICOM: ${error.message}.`, {
          cause: error,
          remedy: error.remedy
        })
      : error;
  }
}

function contentOf(name: string, files: readonly SlideFrames[], otherPictures: number): SlideContent {
  const bySize = new Map<string, SlideFrames[]>();
  for (const file of files) {
    const { width, height } = file.header;
    checkSlideSize(name, file.header);
    bySize.set(`${width}×${height}`, [...(bySize.get(`${width}×${height}`) ?? []), file]);
  }
  const sorted = [...bySize.values()].sort(([a], [b]) => (b?.header.width ?? 0) - (a?.header.width ?? 0));
  const notes = new Set<string>();
  const levels: SlideLevel[] = [];
  for (const parts of sorted) {
    const { picture, notes: more } = tiledPictureOf(name, parts);
    for (const note of more) notes.add(note);
    const [largest] = levels;
    levels.push(
      tiledLevel(
        name,
        picture,
        largest === undefined ? 1 : (largest.width / picture.width + largest.height / picture.height) / 2
      )
    );
  }
  const header = sorted[0]?.[0]?.header;
  const [x, y] = [header?.spacing?.x, header?.spacing?.y].map((spacing) =>
    spacing === undefined ? null : spacing * 1000
  );
  const scanned =
    byMicrometres(x ?? null, y ?? null, "DICOM Pixel Spacing") ??
    byObjective(header?.objective ?? null, "DICOM Objective Lens Power", null, null);
  return { levels, scanned, otherPictures, notes: [...notes] };
}

async function filesOf(
  folder: string,
  { isDeep, name }: { readonly isDeep: boolean; readonly name: string }
): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of await opendir(folder, { recursive: isDeep })) {
    if (!entry.isFile() || entry.name.startsWith(".")) continue;
    found.push(join(entry.parentPath, entry.name));
    if (found.length > maxFiles)
      throw new MedGemmaError(
        "IMAGE_TOO_LARGE",
        `The folder of ${name} holds more than ${maxFiles} files. Give the slide a folder of its own.`
      );
  }
  return found.sort();
}

/** null for what is not a file of a slide. @throws MedGemmaError IMAGE_UNREADABLE */
async function readHeader(path: string, name: string): Promise<WholeSlideHeader | null> {
  const source = await openSource(path, name);
  try {
    return await readHeaderOf(source);
  } catch (error) {
    throw error instanceof DicomError
      ? new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be read as DICOM: ${error.message}.`, {
          cause: error,
          remedy: error.remedy
        })
      : error;
  } finally {
    await source.close();
  }
}

/** More of the file is read until the pixels come. */
async function readHeaderOf(source: SlideSource): Promise<WholeSlideHeader | null> {
  if (source.head.toString("latin1", 128) !== "DICM") return null;
  for (const size of headSizes) {
    try {
      return readWholeSlideHeader(await source.read(0, Math.min(size, source.size)));
    } catch (error) {
      if (size >= source.size || size === headSizes.at(-1)) throw error;
    }
  }
  return null;
}
