/** One file → its slices, without pixels: of most files the first 64 KiB are enough. */
import { open } from "node:fs/promises";
import { isDicom } from "../dicom/is-dicom.js";
import { isHounsfield } from "../dicom/header.js";
import { openDicom, type DicomFile } from "../dicom/read-dicom.js";
import { firstLine, MedGemmaError } from "../errors.js";
import { describeSopClass } from "../dicom/sop-classes.js";
import { describeOtherVolume } from "../nifti/other-volumes.js";
import { isNiftiFile } from "../nifti/read-nifti.js";
import type { ListedFile } from "./list-files.js";
import { tileSlice } from "./mosaic-tiles.js";
import type { Slice } from "./types.js";

/** Longer heads are tried when a shorter one ends inside of an attribute; the last is what a file may have in all. */
const headBytes = [2 ** 16, 2 ** 22, 2 ** 31 - 1];

/** The most frames that a file may claim; enhanced CT has thousands. */
const maxFrames = 20_000;

/** What is in a file that has no slices. */
export interface NoSlices {
  /** "other": not a DICOM file; "empty": one without pixels; "tiles": those of a slide; "unreadable": damaged, or of a kind that is not read. */
  readonly kind: "other" | "NIfTI" | "empty" | "tiles" | "unreadable";
  /** For a person, in words that continue "it is "; null where there is nothing to say. */
  readonly what: string | null;
}

/** @throws MedGemmaError IMAGE_UNREADABLE, IMAGE_TOO_LARGE for a file that was named itself */
export async function readSlices(file: ListedFile): Promise<readonly Slice[] | NoSlices> {
  try {
    const opened = await openHead(file);
    if (opened !== null) {
      if (!opened.header.hasPixels)
        return { kind: "empty", what: describeSopClass(opened.header.sopClassUid ?? undefined) };
      return opened.isTiled ? { kind: "tiles", what: null } : slicesOf(opened, file);
    }
  } catch (error) {
    if (file.isNamed || (error instanceof MedGemmaError && error.code === "IMAGE_TOO_LARGE")) throw error;
    return { kind: "unreadable", what: firstLine(error) };
  }
  if (await isNiftiFile(file.path)) {
    if (file.isNamed)
      throw new MedGemmaError(
        "IMAGE_UNREADABLE",
        `${file.name} is a NIfTI file, and each of these is a series of its own. Name it alone.`
      );
    return { kind: "NIfTI", what: null };
  }
  if (file.isNamed) throw await notDicom(file);
  return { kind: "other", what: null };
}

/** @returns null for what is no DICOM file */
async function openHead({ path, name }: ListedFile): Promise<DicomFile | null> {
  let last: unknown;
  for (const length of headBytes) {
    const { bytes, isWhole } = await readHead(path, name, length);
    if (!isDicom(bytes)) return null;
    try {
      const opened = openDicom(bytes, name);
      // A head that ends exactly between two attributes looks whole.
      if (opened.header.hasPixels || isWhole) return opened;
    } catch (error) {
      last = error;
      if (isWhole) throw error;
    }
  }
  throw last instanceof MedGemmaError
    ? last
    : new MedGemmaError("IMAGE_UNREADABLE", `${name} has no pixels in its first ${headBytes.at(-1) ?? 0} bytes.`);
}

async function readHead(
  path: string,
  name: string,
  length: number
): Promise<{ readonly bytes: Uint8Array; readonly isWhole: boolean }> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, length)), 0, Math.min(size, length), 0);
      return { bytes: buffer.subarray(0, bytesRead), isWhole: size <= length };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new MedGemmaError("IMAGE_UNREADABLE", `${name} cannot be read: ${firstLine(error).replaceAll(path, name)}.`, {
      cause: error
    });
  }
}

function slicesOf({ header, geometry, volumeFacts, mosaic, isColor }: DicomFile, { path, name }: ListedFile): Slice[] {
  const { frames, rows, columns } = header;
  if (frames > maxFrames)
    throw new MedGemmaError(
      "IMAGE_TOO_LARGE",
      `${name} says that it has ${frames} frames; the limit for a series is ${maxFrames}.`
    );
  if (rows === null || columns === null)
    throw new MedGemmaError("IMAGE_UNREADABLE", `${name} does not say how many rows and columns it has.`);
  const {
    studyInstanceUid,
    seriesInstanceUid,
    sopInstanceUid,
    seriesNumber,
    sopClassUid,
    modality,
    imageType,
    instanceNumber,
    isRescaled
  } = header;
  const slices = Array.from({ length: frames }, (_one, index): Slice => ({
    path,
    name,
    frame: index + 1,
    frames,
    studyInstanceUid,
    seriesInstanceUid,
    sopInstanceUid,
    seriesNumber,
    sopClassUid,
    modality,
    imageType,
    instanceNumber,
    isHounsfield: isHounsfield(header),
    isRescaled,
    isColor,
    facts: volumeFacts(index + 1),
    tile: null,
    rows,
    columns,
    geometry: geometry(index + 1)
  }));
  const tiles = mosaic();
  return tiles === null ? slices : slices.flatMap((picture) => tilesOf(picture, tiles));
}

function tilesOf(picture: Slice, mosaic: Exclude<ReturnType<DicomFile["mosaic"]>, null>): Slice[] {
  const { name, rows, columns } = picture;
  if (mosaic === "unknown")
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} is a Siemens mosaic, many slices in one picture, and does not say of how many. Convert the series to NIfTI with dcm2niix.`
    );
  const { tiles, perRow, normal } = mosaic;
  if (tiles > maxFrames || rows % perRow !== 0 || columns % perRow !== 0) {
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} is a Siemens mosaic of ${tiles} slices, but ${columns} × ${rows} pixels are not ${perRow} × ${perRow} tiles. Convert the series to NIfTI with dcm2niix.`
    );
  }
  return Array.from({ length: tiles }, (_one, index) => tileSlice(picture, { index, perRow }, normal));
}

async function notDicom({ path, name }: ListedFile): Promise<MedGemmaError> {
  const other = describeOtherVolume(path, (await readHead(path, name, 4096)).bytes);
  if (other !== null) return new MedGemmaError("IMAGE_UNREADABLE", `${name} is ${other}.`);
  return new MedGemmaError(
    "IMAGE_UNREADABLE",
    `${name} is not a DICOM file. A series is a folder of them, several, one with several frames, or one NIfTI file (.nii, .nii.gz) alone.`
  );
}
