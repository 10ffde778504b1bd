/**
 * Every kind of file that somebody may take for a picture, and what it is here. The one list: what is decoded, completed in a
 * chat, found in a folder and explained in an error follows from it.
 */
/* eslint-disable no-control-regex -- first bytes of files have control characters */
import { isDicom } from "../dicom/is-dicom.js";
import { MedGemmaError } from "../errors.js";
import type { Remedy } from "../remedy.js";

/**
 * "picture": decoded by src/image. "dicom": a picture, or a slice of a series. "volume": a series in one file. "slide": a pathology
 * slide, read in patches. "unread": anything else; `advice` says what to do with it.
 */
export type FormatKind = "picture" | "dicom" | "volume" | "slide" | "unread";

export interface Format {
  readonly kind: FormatKind;
  /** "PNG" */
  readonly name: string;
  /** With its article, for a sentence: "a PNG picture". */
  readonly described: string;
  /** Lower case, with the dot. The first is the usual one. */
  readonly extensions: readonly string[];
  /** What the first bytes are, as Latin-1. */
  readonly magic?: RegExp;
  /** What to do with a file that is not read here, as a sentence. */
  readonly advice?: string;
  readonly remedy?: Remedy;
  /** Of a slide: its first picture is a photograph of the glass, perhaps with the label. */
  readonly isGlassFirst?: true;
}

const toPicture = 'Convert it to PNG, for example with "magick IN OUT.png".';
/** What OpenSlide reads, and what Bio-Formats does. */
export const toTiledTiff =
  'Convert it to a tiled pyramidal TIFF, for example with "vips copy IN OUT.tif[tile,pyramid,compression=jpeg,bigtiff]" of a libvips that has OpenSlide.';
const toOmeTiff = "Convert it to an OME-TIFF with bioformats2raw and raw2ometiff of Glencoe Software.";
const byScanner = "Export it as SVS, DICOM or a tiled TIFF with the program of the scanner.";
const brightfield = "Name the file of one slide of brightfield.";
const toVolume = "Convert it to NIfTI or DICOM.";
const pagesOrText = "Save its pages as PNG files, or paste its text.";
const pdfPages = 'Make a picture of a page with "pdftoppm -png IN.pdf OUT" of Poppler, or paste its text.';
const pasteText = "Paste its text.";
const unpack = "Unpack it, and name a file in it.";
const unzip = "Unpack it first; a NIfTI volume (.nii.gz) is given as a series, with its modality, CT or MR.";
const frame = 'Take a frame of it with "ffmpeg -i IN -frames:v 1 OUT.png".';

/** Those with an advice are not read here. */
const slides: readonly Format[] = [
  slide("SVS", "an Aperio slide (SVS)", [".svs"]),
  { ...slide("CZI", "a Zeiss slide (CZI)", [".czi"]), magic: /^ZISRAWFILE/, advice: toTiledTiff },
  slide("NDPI", "a Hamamatsu slide (NDPI)", [".ndpi"]),
  { ...slide("VMS", "a Hamamatsu slide (VMS, VMU)", [".vms", ".vmu"]), advice: toTiledTiff },
  { ...slide("NDPIS", "a Hamamatsu list of fluorescence slides (NDPIS)", [".ndpis"]), advice: brightfield },
  {
    ...slide("MRXS", "a 3DHISTECH slide (MRXS)", [".mrxs"]),
    advice: `${toTiledTiff} The folder beside it, of the same name, holds its pixels.`
  },
  { ...slide("SCN", "a Leica slide (SCN)", [".scn"]), isGlassFirst: true },
  { ...slide("BIF", "a Ventana slide (BIF)", [".bif"]), isGlassFirst: true },
  slide("QPTIFF", "an Akoya slide (QPTIFF)", [".qptiff"]),
  {
    ...slide("VSI", "an Olympus slide (VSI)", [".vsi"]),
    advice: `${toOmeTiff} The folder of .ets files beside it holds its pixels.`
  },
  { ...slide("ETS", "a part of an Olympus slide (VSI)", [".ets"]), advice: toOmeTiff },
  { ...slide("iSyntax", "a Philips slide (iSyntax)", [".isyntax"]), advice: toOmeTiff },
  { ...slide("AFI", "an Aperio list of fluorescence slides (AFI)", [".afi"]), advice: brightfield },
  { ...slide("SVSLIDE", "a Sakura slide (SVSLIDE)", [".svslide"]), advice: toTiledTiff },
  { ...slide("SZI", "a slide in a ZIP file (SZI)", [".szi"]), advice: byScanner },
  { ...slide("ZVI", "a picture of Zeiss AxioVision (ZVI)", [".zvi"]), advice: toOmeTiff },
  { ...slide("LIF", "a picture of Leica LAS (LIF)", [".lif"]), advice: toOmeTiff },
  { ...slide("SLD", "a picture of SlideBook (SLD)", [".sld", ".sldy"]), advice: toOmeTiff },
  { ...slide("ND2", "a picture of Nikon NIS-Elements (ND2)", [".nd2"]), advice: toOmeTiff },
  {
    ...slide("KFB, SDPC, TMAP", "a slide of a scanner whose format is not published (KFB, SDPC, TMAP)", [
      ".kfb",
      ".kfbio",
      ".sdpc",
      ".tmap"
    ]),
    advice: byScanner
  }
];

const pictures: readonly Format[] = [
  picture("PNG", "a PNG picture", [".png", ".apng"], /^\x89PNG\r\n\x1a\n/),
  picture("JPEG", "a JPEG picture", [".jpg", ".jpeg", ".jpe", ".jfif"], /^\xff\xd8\xff/),
  picture("WebP", "a WebP picture", [".webp"], /^RIFF[^]{4}WEBP/),
  picture("TIFF", "a TIFF picture", [".tif", ".tiff"], /^(?:II[*+]\0|MM\0[*+])/),
  picture("GIF", "a GIF picture", [".gif"], /^GIF8[79]a/),
  picture("AVIF", "an AVIF picture", [".avif"], /^[^]{4}ftyp(?:avif|avis)/),
  picture("BMP", "a BMP picture", [".bmp", ".dib"], /^BM[^]{4}\0\0\0\0/),
  picture("PBM, PGM, PPM", "a PBM, PGM or PPM picture", [".pbm", ".pgm", ".ppm", ".pnm"], /^P[1-6]\s/),
  picture(
    "JPEG 2000",
    "a JPEG 2000 picture",
    [".jp2", ".j2k", ".j2c", ".jpf", ".jpx", ".jpm"],
    /^(?:\0\0\0\x0cjP {2}|\xff\x4f\xff\x51)/
  ),
  picture("JPEG XL", "a JPEG XL picture", [".jxl"], /^(?:\xff\x0a|\0\0\0\x0cJXL )/),
  picture(
    "HEIC",
    "a HEIC picture",
    [".heic", ".heif", ".hif"],
    /^[^]{4}ftyp(?:heic|heix|hevc|hevx|heim|heis|mif1|msf1)/
  )
];

const dicom: Format = {
  kind: "dicom",
  name: "DICOM",
  described: "a DICOM file",
  extensions: [".dcm", ".dicom", ".dic", ".ima"]
};

const volumes: readonly Format[] = [
  {
    kind: "volume",
    name: "NIfTI",
    described: "a NIfTI volume",
    extensions: [".nii", ".nii.gz"],
    magic: /^(?:[^]{344}(?:n\+1|ni1)\0|[^]{4}(?:n\+2|ni2)\0)/
  },
  unread("NRRD", "an NRRD volume", [".nrrd", ".nhdr"], toVolume, /^NRRD000/),
  unread("MetaImage", "a MetaImage volume", [".mha", ".mhd"], toVolume, /^ObjectType\s*=/),
  unread("MGH", "a FreeSurfer volume", [".mgh", ".mgz"], toVolume),
  unread("MINC", "a MINC volume", [".mnc"], toVolume),
  unread("Analyze", "one file of an Analyze pair (.hdr and .img)", [".hdr", ".img"], toVolume)
];

const otherPictures: readonly Format[] = [
  unread(
    "JPEG XR",
    "a JPEG XR picture",
    [".jxr", ".wdp", ".hdp"],
    'Convert it to TIFF with "JxrDecApp -i IN.jxr -o OUT.tif" of jxrlib.',
    /^II\xbc/
  ),
  unread("PFM", "a floating-point picture (PFM)", [".pfm"], "Save it as a 32-bit TIFF.", /^P[Ff]\s/),
  unread(
    "SVG",
    "an SVG drawing",
    [".svg", ".svgz"],
    toPicture,
    /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[^]*?-->\s*|<!DOCTYPE svg[^>]*>\s*)*<svg[\s>]/
  ),
  unread("PAM", "a PAM picture", [".pam"], toPicture, /^P7\s/),
  unread("ICO", "an icon", [".ico"], toPicture),
  unread("Photoshop", "a Photoshop file", [".psd", ".psb"], toPicture, /^8BPS/),
  unread("GIMP", "a GIMP file", [".xcf"], toPicture, /^gimp xcf/),
  unread("OpenEXR", "an OpenEXR picture", [".exr"], toPicture, /^v\/1\x01/),
  unread("TGA", "a TGA picture", [".tga"], toPicture),
  unread("EPS", "an EPS drawing", [".eps"], toPicture),
  unread("camera raw", "a raw picture of a camera", [".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2"], toPicture)
];

const documents: readonly Format[] = [
  unread("PDF", "a PDF document", [".pdf"], pdfPages, /^\s*%PDF-/),
  unread(
    "office document",
    "an office document",
    [".docx", ".doc", ".odt", ".rtf", ".pptx", ".ppt", ".odp", ".xlsx", ".xls", ".ods", ".epub"],
    pagesOrText,
    /^(?:\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|\{\\rtf)/
  ),
  unread(
    "text",
    "a text file",
    [".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".html", ".htm", ".hl7"],
    pasteText
  ),
  {
    ...unread("GGUF", "a GGUF model", [".gguf"], "Load it as the model to ask it.", /^GGUF/),
    remedy: { option: "model" }
  },
  {
    ...unread("gzip", "a file compressed with gzip", [".gz"], unzip, /^\x1f\x8b/),
    remedy: { option: "series", also: ["modality"] }
  },
  unread(
    "archive",
    "an archive",
    [".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar", ".bz2", ".xz", ".zst"],
    unpack,
    /^(?:PK\x03\x04|7z\xbc\xaf|Rar!|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd)/
  ),
  unread(
    "film",
    "a film",
    [".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv"],
    frame,
    /^(?:[^]{4}ftyp(?:isom|iso2|mp41|mp42|M4V |qt {2}|avc1)|\x1aE\xdf\xa3|RIFF[^]{4}AVI )/
  ),
  unread(
    "recording",
    "a sound recording",
    [".wav", ".mp3", ".m4a", ".ogg", ".flac", ".opus"],
    "The model does not hear. Paste its text."
  ),
  unread("array", "an array of numbers", [".npy", ".npz", ".h5"], toPicture, /^(?:\x93NUMPY|\x89HDF)/)
];

/** In the order in which they are looked for. */
export const formats: readonly Format[] = [...slides, ...pictures, dicom, ...volumes, ...otherPictures, ...documents];

/** As many first bytes as `formatOf` looks at. */
export const headBytes = 1024;

/** For a sentence: "PNG, JPEG, WebP, TIFF, GIF, AVIF or DICOM". */
export const readableNames = `${pictures.map(({ name }) => name).join(", ")} or ${dicom.name}`;

/** By its name alone. @returns null for a name without an ending, or with one that says nothing about pictures */
export function formatOfName(path: string): Format | null {
  return endings.find(({ ending }) => hasEnding(path, ending))?.format ?? null;
}

/**
 * By its first bytes; by its name where the bytes say nothing, or less.
 *
 * @param head The first `headBytes` bytes, or all.
 */
export function formatOf(head: Uint8Array, path: string): Format | null {
  const named = formatOfName(path);
  const found = formatOfBytes(head);
  // Inside, a slide is a TIFF file, a compressed volume or a drawing gzip, a document ZIP.
  if (found === null || (named !== null && isContainerOf(found, named))) return named;
  return found;
}

/** Why a slide is not shown as a picture. */
export function glassFirstError(name: string, described: string): MedGemmaError {
  return new MedGemmaError(
    "IMAGE_UNREADABLE",
    `${name} is ${described}, whose first picture is a photograph of the glass, perhaps with the label. Take its patches as a slide.`,
    {
      remedy: { option: "slide" }
    }
  );
}

/** By its first bytes alone. */
export function formatOfBytes(head: Uint8Array): Format | null {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, headBytes)).toString("latin1");
  return formats.find(({ magic }) => magic?.test(text) === true) ?? (isDicom(head) ? dicom : null);
}

/** Whether the model can see it as one picture. */
export function isPicture(format: Format | null): boolean {
  return format?.kind === "picture" || format?.kind === "dicom";
}

const endings = formats
  .flatMap((format) => format.extensions.map((ending) => ({ ending, format })))
  .sort((a, b) => b.ending.length - a.ending.length);

/** Every ending, the longest first, without the dot. */
export const extensions: readonly string[] = endings.map(({ ending }) => ending.slice(1));

function hasEnding(path: string, ending: string): boolean {
  // Of a hidden file called ".png" that is its name, not its ending.
  return (
    path.length > ending.length &&
    path.toLowerCase().endsWith(ending) &&
    !/[/\\]/.test(path.charAt(path.length - ending.length - 1))
  );
}

function isContainerOf(found: Format, named: Format): boolean {
  if (named.kind === "slide") return found.name === "TIFF" || named.advice !== undefined; // of those not read here, all kinds
  return (
    (found.name === "TIFF" && named.name === "camera raw") ||
    ((found.name === "archive" || found.name === "gzip") && named.kind !== "picture" && named.kind !== "dicom")
  );
}

function picture(name: string, described: string, extensions: readonly string[], magic: RegExp): Format {
  return { kind: "picture", name, described, extensions, magic };
}

function slide(name: string, described: string, extensions: readonly string[]): Format {
  return { kind: "slide", name, described, extensions };
}

function unread(
  name: string,
  described: string,
  extensions: readonly string[],
  advice: string,
  magic?: RegExp
): Format {
  return { kind: "unread", name, described, extensions, advice, ...(magic === undefined ? {} : { magic }) };
}
