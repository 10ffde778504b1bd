/** Slides that are not read here: told by their names, and what to do. */
import { MedGemmaError } from "../errors.js";
import { formatOf, formatOfName } from "../formats/formats.js";

/**
 * By the end of the path, whatever the file is: a JPEG, a text, a ZIP, or a TIFF with a small picture, which may be the label.
 *
 * @throws MedGemmaError IMAGE_UNREADABLE
 */
export function refuseByEnding(path: string, name: string): void {
  const format = formatOfName(path);
  if (format?.kind === "slide" && format.advice !== undefined)
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} is ${format.described}, which is not read here. ${format.advice}`
    );
}

/** @returns what to say of a file that is not a TIFF, by its first 132 bytes */
export function explainFile(head: Buffer): string {
  const format = formatOf(head, "");
  if (format?.kind === "slide") return `is ${format.described}, which is not read here. ${format.advice ?? ""}`;
  return "is not a slide that is read here: a tiled TIFF (generic, Aperio SVS, OME-TIFF, Philips, Leica SCN, Trestle, Ventana BIF), Hamamatsu NDPI, or DICOM (VL Whole Slide Microscopy). Give other pictures as pictures.";
}
