/** All that sharp (libvips) reads: PNG, JPEG, WebP, TIFF, GIF, AVIF, and the header of HEIC. */
import type { Metadata } from "sharp";
import { MedGemmaError } from "../../errors.js";
import { checkPictureSize, maxPixels } from "../../shared/picture-size.js";
import { glassFirstError } from "../../formats/formats.js";
import { readOrientation } from "../exif-orientation.js";
import { profileNotes, useOfProfile, type ProfileUse } from "../icc-profile.js";
import { readPngFacts } from "../png-facts.js";
import { levels, type OpenPicture, type Raster, type Samples } from "../raster.js";
import { isTiff } from "../../tiff/tiff-file.js";
import { loadSharp } from "../sharp.js";
import { asUnsigned, readTiffFacts, type TiffFacts } from "../tiff-facts.js";
import { UnreadForm } from "../unread-form.js";
import { openHeic } from "./heic.js";

const formats: ReadonlySet<string> = new Set(["png", "jpeg", "webp", "tiff", "gif", "heif", "avif"]);

/** Formats whose 16 bits may hold fewer: those of AVIF are scaled. */
const holdsValues: ReadonlySet<string> = new Set(["png", "tiff"]);

/** What libvips calls types of samples. */
const depths = new Set(["uchar", "char", "ushort", "short", "uint", "int", "float"] as const);
type Depth = typeof depths extends ReadonlySet<infer One> ? One : never;

/** @throws Error of libvips; MedGemmaError IMAGE_UNREADABLE, IMAGE_TOO_LARGE */
export async function openWithLibvips(
  bytes: Uint8Array,
  name: string,
  unsupported: (found: string) => MedGemmaError
): Promise<OpenPicture> {
  const tiff = isTiff(bytes) ? await readTiffFacts(bytes) : null;
  if (tiff?.glassFirst != null) throw glassFirstError(name, tiff.glassFirst);
  if (tiff?.unreadForm != null) throw new UnreadForm(tiff.unreadForm);
  if (tiff !== null && tiff.bits > 32)
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} has samples of ${tiff.bits} bits; expected up to 32. Save it with 32-bit floating point or 16-bit samples.`
    );
  const header = withPngFacts(await loadSharp()(bytes, { limitInputPixels: false, failOn: "none" }).metadata(), bytes);
  if (!formats.has(header.format)) throw unsupported(header.format);
  checkPictureSize(name, header.width, header.height, { mayBeSlide: header.format === "tiff" });
  if (header.compression === "hevc") return openHeic(bytes, name, header);
  const { depth } = header;
  if (!isDepth(depth) || (header.channels > 2 && depth !== "uchar" && depth !== "ushort")) {
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} has ${header.channels} samples of type ${depth} a pixel; expected 8 or 16 bits, or gray in up to 32. Convert it to a 16-bit PNG.`
    );
  }
  const hasValues = depth !== "uchar" && holdsValues.has(header.format) && header.space !== "cmyk";
  return {
    width: header.width,
    height: header.height,
    hasValues,
    decode: async () =>
      await (hasValues ? decodeValues(bytes, { header, depth, tiff }) : decodeLevels(bytes, header, tiff))
  };
}

/** A header, and a profile that libvips does not see, as it was left out for a number that is wrong in it. */
type Header = Metadata & { readonly unseenIcc?: Buffer };

function withPngFacts(header: Metadata, bytes: Uint8Array): Header {
  if (header.format !== "png") return header;
  const { pages, exif, icc } = readPngFacts(bytes);
  return {
    ...header,
    pages,
    ...(header.exif === undefined && exif !== undefined ? { exif } : {}),
    ...(header.icc === undefined && icc !== undefined ? { unseenIcc: icc } : {})
  };
}

function isDepth(depth: string): depth is Depth {
  return (depths as ReadonlySet<string>).has(depth);
}

/** 8 bits, upright. */
async function decodeLevels(bytes: Uint8Array, header: Header, tiff: TiffFacts | null): Promise<Raster> {
  const use = profileUseOf(header);
  if (header.space === "cmyk" && use !== "convert") return await decodeInks(bytes, header, tiff);
  const image = openImage(bytes, header, use !== "convert").autoOrient();
  const { data, info } = await (
    tiff?.hasIgnoredSamples === true ? image.removeAlpha() : image.flatten({ background: "#000000" })
  )
    .toColourspace("srgb") // three channels, whatever the file has
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new UnreadForm(`${header.channels} samples a pixel`);
  return {
    ...levels({ width: info.width, height: info.height }, 3, data),
    icc: use === "convert" ? (header.unseenIcc ?? null) : null,
    orientation: orientationLeft(header),
    notes: [...profileNotes[use], ...pageNotes(header)]
  };
}

/** CMYK without a profile that can be used, by the formula that Pillow has: each colour is what its ink and black let through. */
async function decodeInks(bytes: Uint8Array, header: Metadata, tiff: TiffFacts | null): Promise<Raster> {
  const is16 = header.depth === "ushort";
  const { data, info } = await openImage(bytes, header, true)
    .autoOrient()
    .pipelineColourspace("cmyk")
    .toColourspace("cmyk")
    .raw({ depth: is16 ? "ushort" : "uchar" })
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const channels: number = info.channels; // of which sharp's types know no more than 4
  if (channels < 4 || channels > 5) throw new UnreadForm(`CMYK with ${channels} samples a pixel`);
  const samples = samplesOf(data, is16 ? "ushort" : "uchar");
  const level = (index: number): number => (is16 ? (samples[index] ?? 0) >> 8 : (samples[index] ?? 0));
  const hasAlpha = channels === 5 && tiff?.hasIgnoredSamples !== true;
  const rgb = new Uint8Array(width * height * 3);
  for (let to = 0, from = 0; to < rgb.length; to += 3, from += channels) {
    const light = 255 - level(from + 3);
    const opacity = hasAlpha ? level(from + 4) : 255;
    for (let ink = 0; ink < 3; ink += 1)
      rgb[to + ink] = Math.floor(((light - Math.round((level(from + ink) * light) / 255)) * opacity) / 255);
  }
  const notes = ["CMYK without a colour profile, so that its colours are approximate", ...pageNotes(header)];
  return { ...levels({ width, height }, 3, rgb), orientation: orientationLeft(header), notes };
}

function profileUseOf({ icc, unseenIcc, space }: Header): ProfileUse {
  return useOfProfile(
    icc ?? unseenIcc,
    space === "cmyk" ? "cmyk" : space === "b-w" || space === "grey16" ? "gray" : "rgb"
  );
}

/** More than 8 bits, as they are stored. */
async function decodeValues(
  bytes: Uint8Array,
  { header, depth, tiff }: { readonly header: Header; readonly depth: Depth; readonly tiff: TiffFacts | null }
): Promise<Raster> {
  const isColour = header.channels > 2;
  const is16 = tiff?.bits === 16 && tiff.sampleFormat !== 1;
  const read = is16 ? "ushort" : depth;
  const image = openImage(is16 ? asUnsigned(bytes, tiff) : bytes, header, true).autoOrient();
  const flat =
    tiff?.hasIgnoredSamples === true
      ? image.removeAlpha()
      : header.hasAlpha
        ? image.flatten({ background: "#000000" })
        : image;
  const { data, info } = await flat
    .toColourspace(read === "ushort" ? (isColour ? "rgb16" : "grey16") : header.space)
    .raw({ depth: read })
    .toBuffer({ resolveWithObject: true });
  const stored = samplesOf(data, read);
  // libvips turns over what has no sign.
  const turned =
    tiff?.isInverted === true && (read === "ushort" || read === "uint")
      ? stored.map((value) => (read === "ushort" ? 0xffff : 0xffffffff) - value)
      : stored;
  const samples = !is16
    ? turned
    : tiff.sampleFormat === 2
      ? new Int16Array(turned.buffer)
      : Float32Array.from(turned, halfToNumber);
  const { width, height, channels } = info;
  if (channels !== 1 && channels !== 3) throw new UnreadForm(`${channels} samples a pixel`);
  const use = isColour ? profileUseOf(header) : "ignore"; // values have no colours
  return {
    width,
    height,
    channels,
    samples,
    isInverted: tiff?.isInverted === true,
    white: null,
    icc: use === "convert" ? (header.icc ?? header.unseenIcc ?? null) : null,
    orientation: orientationLeft(header),
    notes: [...profileNotes[use], ...pageNotes(header)]
  };
}

function openImage(
  bytes: Uint8Array,
  { format }: Metadata,
  ignoreIcc: boolean
): ReturnType<ReturnType<typeof loadSharp>> {
  // libvips only warns of most damage in tiles and strips; in JPEG, warnings are of what every viewer passes over.
  return loadSharp()(bytes, {
    limitInputPixels: maxPixels,
    failOn: format === "tiff" ? "warning" : "error",
    ignoreIcc
  });
}

/** What autoOrient does not see. */
function orientationLeft({ orientation, exif, xmp }: Metadata): number {
  return orientation === undefined ? (readOrientation({ exif, xmp }) ?? 1) : 1;
}

function pageNotes({ pages = 1, format }: Metadata): string[] {
  return pages > 1 ? [`the first of ${pages} ${format === "tiff" ? "pages" : "frames"}`] : [];
}

/** In the order of this machine's bytes, as sharp gives them. */
function samplesOf({ buffer, byteOffset, byteLength }: Buffer, depth: Depth): Samples {
  const own = buffer.slice(byteOffset, byteOffset + byteLength);
  switch (depth) {
    case "uchar":
      return new Uint8Array(own);
    case "char":
      return new Int8Array(own);
    case "ushort":
      return new Uint16Array(own);
    case "short":
      return new Int16Array(own);
    case "uint":
      return new Uint32Array(own);
    case "int":
      return new Int32Array(own);
    case "float":
      return new Float32Array(own);
  }
}

/** IEEE 754 binary16: 5 bits of exponent, 10 of fraction. */
function halfToNumber(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
