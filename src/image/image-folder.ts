/** The one image of a folder or of a DICOMDIR. Series are no pictures: of several images, only what they are is told. */
import { open, readFile, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { readDicomDirectory } from "../dicom/directory.js";
import { findListedFile } from "../dicom/listed-file.js";
import { isDicom } from "../dicom/is-dicom.js";
import { openDicom, type DicomHeader } from "../dicom/read-dicom.js";
import { MedGemmaError } from "../errors.js";
import { listFolder } from "../shared/list-folder.js";
import { formatOfName } from "../formats/formats.js";
import type { Remedy } from "../remedy.js";

/** Files that are looked at; a folder with more is no place for one picture. */
const maxFiles = 2000;

/** What stands in front of the pixels of most files. */
const headBytes = 2 ** 16;

/**
 * @param name What to call the folder in messages.
 * @returns the path of the image
 * @throws MedGemmaError IMAGE_UNREADABLE when there is none, or more than one
 */
export async function onlyImageOfFolder(path: string, name: string): Promise<string> {
  const { files, deadLinks, closedFolders, isTooLarge } = await listFolder(path, maxFiles);
  if (isTooLarge)
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} is a folder with more than ${maxFiles} files, not an image file. Name one of them, or take a series.`,
      { remedy: { option: "series" } }
    );
  const volumes: string[] = [];
  const pictures: string[] = [];
  const slices: { readonly path: string; readonly header: DicomHeader }[] = [];
  for (const file of files) {
    const header = await readDicomHeader(file);
    if (header?.hasPixels === true) slices.push({ path: file, header });
    else if (header === null && formatOfName(file)?.kind === "picture") pictures.push(file);
    else if (header === null && /\.nii(?:\.gz)?$/i.test(file)) volumes.push(file);
  }
  const images = [...slices.map((slice) => slice.path), ...pictures];
  const [only] = images;
  if (only !== undefined && images.length === 1 && closedFolders === 0) return only;
  const held = [
    ...(slices.length > 0 ? [describeSeries(slices.map(({ header }) => header))] : []),
    ...(pictures.length > 0 ? [counted(pictures.length, "picture")] : []),
    ...(volumes.length > 0 ? [counted(volumes.length, "NIfTI file")] : []),
    ...(closedFolders > 0 ? [`${counted(closedFolders, "folder")} that cannot be opened`] : []),
    ...(deadLinks > 0
      ? [`${counted(deadLinks, "link")} that ${deadLinks === 1 ? "leads" : "lead"} nowhere or back`]
      : [])
  ];
  const [advice, remedy] = adviceFor(slices.length, volumes.length);
  throw new MedGemmaError(
    "IMAGE_UNREADABLE",
    `${name} is a folder with ${held.join(" and ") || "no image"}, not an image file. ${advice}`,
    { remedy }
  );
}

function adviceFor(slices: number, volumes: number): readonly [advice: string, remedy: Remedy | null] {
  if (slices > 1) return ["Name a file in it, or take a series.", { option: "series" }];
  if (slices === 0 && volumes > 0)
    return ["Take a NIfTI file as a series, with its modality, CT or MR.", { option: "series", also: ["modality"] }];
  return ["Name a file in it.", null];
}

/**
 * @param bytes Of the file at `path`.
 * @returns the path of the one image that a DICOMDIR lists; null when the file is no DICOMDIR
 * @throws MedGemmaError IMAGE_UNREADABLE when it lists none, or more than one; IMAGE_NOT_FOUND
 */
export async function onlyImageOfDirectory(bytes: Uint8Array, path: string, name: string): Promise<string | null> {
  if (basename(path).toUpperCase() !== "DICOMDIR" || !isDicom(bytes)) return null;
  const listed = readDicomDirectory(bytes);
  if (listed === null) return null;
  const [only] = listed;
  if (only !== undefined && listed.length === 1) {
    const found = await findListedFile(dirname(path), only);
    if (found === null)
      throw new MedGemmaError(
        "IMAGE_NOT_FOUND",
        `${name} is a DICOMDIR that lists one image, which is not there. Copy the whole disc, or name a file.`
      );
    return found;
  }
  throw new MedGemmaError(
    "IMAGE_UNREADABLE",
    `${name} is a DICOMDIR that lists ${counted(listed.length, "image")}. ${listed.length > 1 ? "Name one of the files, or take a series of them." : "Name a file."}`,
    { remedy: listed.length > 1 ? { option: "series" } : null }
  );
}

/** null for what is no DICOM file, or a damaged one. */
async function readDicomHeader(path: string): Promise<DicomHeader | null> {
  const head = await readHead(path);
  if (!isDicom(head)) return null;
  try {
    const { header } = openDicom(head, path);
    if (header.hasPixels) return header;
  } catch {
    // Cut off in the middle of an attribute, perhaps.
  }
  try {
    return (await stat(path)).size > head.length ? openDicom(await readFile(path), path).header : null;
  } catch {
    return null;
  }
}

async function readHead(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** "24 DICOM images in 2 series (CT 20, MR 4)". */
function describeSeries(headers: readonly DicomHeader[]): string {
  const series = new Map<string | null, DicomHeader[]>();
  for (const header of headers)
    series.set(header.seriesInstanceUid, [...(series.get(header.seriesInstanceUid) ?? []), header]);
  const parts = [...series.values()].map((images) => `${images[0]?.modality ?? "unknown"} ${images.length}`);
  const shown = parts.length > 8 ? [...parts.slice(0, 8), "…"] : parts;
  return `${counted(headers.length, "DICOM image")} in ${series.size} series (${shown.join(", ")})`;
}

function counted(count: number, what: string): string {
  return `${count === 0 ? "no" : count} ${what}${count === 1 ? "" : "s"}`;
}
