/** Slides that are not read here: told by their names, and what to do. */
import { MedGemmaError } from "../errors.js";
import { tags, type TiffDirectory } from "../tiff/tiff-file.js";

/** What people do about it. */
export const convertHint = 'Convert it to a tiled pyramidal TIFF, for example with "vips tiffsave IN OUT.tif --tile --pyramid --compression jpeg --bigtiff" of a libvips that has OpenSlide';

/** Where OpenSlide does not read it, either. */
const bioFormatsHint = "Convert it to an OME-TIFF with bioformats2raw and raw2ometiff of Glencoe Software";

/** By the end of the path: the file itself is a JPEG, a text, a ZIP, or a TIFF with a small picture, which may be the label. */
const byEnding: readonly (readonly [ending: RegExp, format: string, hint: string])[] = [
  [/\.mrxs$/i, "a 3DHISTECH slide (MRXS)", convertHint],
  [/\.vm[su]$/i, "a Hamamatsu slide (VMS, VMU)", convertHint],
  [/\.vsi$/i, "an Olympus slide (VSI), whose pixels lie in a folder of .ets files beside it", bioFormatsHint],
  [/\.ets$/i, "a part of an Olympus slide (VSI)", bioFormatsHint],
  [/\.isyntax$/i, "a Philips slide (iSyntax)", bioFormatsHint],
  [/\.afi$/i, "an Aperio list of fluorescence slides (AFI)", bioFormatsHint],
  [/\.szi$/i, "a slide in a ZIP file (SZI)", convertHint]
];

/** Whatever the file is. @throws MedGemmaError IMAGE_UNREADABLE */
export function refuseByEnding(path: string, name: string): void {
  const found = byEnding.find(([ending]) => ending.test(path));
  if (found !== undefined) throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is ${found[1]}, which is not read here. ${found[2]}.`);
}

/** @returns what to say of a file that is not a TIFF, by its first 132 bytes */
export function explainFile(head: Buffer): string {
  if (head.toString("latin1").startsWith("ZISRAWFILE")) return `is a Zeiss slide (CZI), which is not read here. ${convertHint}.`;
  return "is not a slide that is read here: a tiled TIFF (generic, Aperio SVS, OME-TIFF, Philips, Leica SCN, Trestle), Hamamatsu NDPI, or DICOM (VL Whole Slide Microscopy). Give other pictures as pictures.";
}

/** @throws MedGemmaError IMAGE_UNREADABLE */
export async function refuseVentana(first: TiffDirectory, name: string): Promise<void> {
  if (!((await first.bytes(tags.xmp)) ?? Buffer.alloc(0)).includes("<iScan")) return;
  throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is a Ventana slide (BIF), whose tiles overlap, which is not read here. ${convertHint}.`);
}
