/** Slides that are not read here: told by their names, and what to do. */
import { MedGemmaError } from "../errors.js";
import { convertHint } from "./levels.js";
import { tags, type TiffDirectory } from "./tiff-file.js";

/** By the end of the path, as the file itself is a JPEG, a text or a ZIP. */
const byEnding: readonly (readonly [ending: RegExp, format: string])[] = [
  [/\.mrxs$/i, "a 3DHISTECH slide (MRXS)"],
  [/\.vm[su]$/i, "a Hamamatsu slide (VMS, VMU)"],
  [/\.vsi$/i, "an Olympus slide (VSI)"],
  [/\.isyntax$/i, "a Philips slide (iSyntax)"]
];

/** @returns what to say of a file that is no TIFF, by its path and first 132 bytes */
export function explainFile(path: string): (head: Buffer) => string {
  return (head) => {
    const text = head.toString("latin1");
    const other = byEnding.find(([ending]) => ending.test(path))?.[1] ?? (text.startsWith("ZISRAWFILE") ? "a Zeiss slide (CZI)" : undefined);
    if (other !== undefined) return `is ${other}, which is not read here. ${convertHint}.`;
    if (text.startsWith("DICM", 128)) return `is a DICOM file. Slides are read from TIFF only, not from DICOM (VL Whole Slide Microscopy). ${convertHint}.`;
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
