/** Slides that are not read here: told by their names, and what to do. */
import { MedGemmaError } from "../errors.js";
import { formatOf } from "../formats/formats.js";
import { convertHint } from "./levels.js";
import { tags, type TiffDirectory } from "./tiff-file.js";

/** @returns what to say of a file that is no TIFF, by its path and first 132 bytes */
export function explainFile(path: string): (head: Buffer) => string {
  return (head) => {
    const format = formatOf(head, path);
    if (format?.kind === "slide" && format.advice !== undefined) return `is ${format.described}, which is not read here. ${convertHint}.`;
    if (format?.kind === "dicom") return `is a DICOM file. Slides are read from TIFF only, not from DICOM (VL Whole Slide Microscopy). ${convertHint}.`;
    return "is no TIFF file. A slide is a tiled TIFF: generic, Aperio SVS or OME-TIFF. Give other pictures as pictures.";
  };
}

/** Formats that are TIFF by their container alone: of several pictures beside or over each other, or with tags of their own. */
export async function refuseOtherFormats(first: TiffDirectory, name: string): Promise<void> {
  const format = await otherFormat(first);
  if (format !== null) throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is ${format}, which is not read here. ${convertHint}.`);
}

async function otherFormat(first: TiffDirectory): Promise<string | null> {
  if (first.has(tags.hamamatsuFormat)) return "a Hamamatsu slide (NDPI)";
  const description = (await first.text(tags.imageDescription)) ?? "";
  if (/<scn\b[^>]*leica-microsystems/i.test(description)) return "a Leica slide (SCN)";
  if (((await first.bytes(tags.xmp)) ?? Buffer.alloc(0)).includes("<iScan")) return "a Ventana slide (BIF), whose tiles overlap";
  return null;
}
