/**
 * HEIC, as telephones write it. Its decoder (HEVC) is not part of sharp for patents, nor of this package for its licence: heic-decode
 * (libheif, LGPL) is used where somebody has installed it beside this package.
 */
import { createRequire } from "node:module";
import type { Metadata } from "sharp";
import { firstLine, MedGemmaError } from "../../errors.js";
import { checkPictureSize } from "../../shared/picture-size.js";
import { profileNotes, useOfProfile } from "../icc-profile.js";
import { levels, type OpenPicture, type Raster } from "../raster.js";

/** RGBA, turned as the file says. */
type HeicDecode = (input: {
  readonly buffer: Uint8Array;
}) => Promise<{ readonly width: number; readonly height: number; readonly data: Uint8ClampedArray }>;

const packageName = "heic-decode";

/**
 * @param header As libvips reads it: it knows the container, but no HEVC.
 * @throws MedGemmaError IMAGE_UNREADABLE without a decoder
 */
export function openHeic(bytes: Uint8Array, name: string, header: Metadata): OpenPicture {
  const decode = loadDecoder(name);
  return {
    width: header.width,
    height: header.height,
    hasValues: false,
    decode: async () => await decodeHeic(decode, bytes, { name, icc: header.icc })
  };
}

async function decodeHeic(
  decode: HeicDecode,
  bytes: Uint8Array,
  { name, icc }: { readonly name: string; readonly icc: Buffer | undefined }
): Promise<Raster> {
  let decoded: Awaited<ReturnType<HeicDecode>>;
  try {
    decoded = await decode({ buffer: bytes });
  } catch (error) {
    throw new MedGemmaError("IMAGE_UNREADABLE", `${name} is damaged or incomplete: ${firstLine(error)}.`, {
      cause: error
    });
  }
  const { width, height, data } = decoded;
  checkPictureSize(name, width, height);
  if (data.length !== width * height * 4)
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} cannot be decoded: ${packageName} gave ${data.length} bytes for ${width}×${height} pixels.`
    );
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const alpha = data[4 * pixel + 3] ?? 255;
    for (let sample = 0; sample < 3; sample += 1)
      rgb[3 * pixel + sample] = Math.floor(((data[4 * pixel + sample] ?? 0) * alpha) / 255);
  }
  const use = useOfProfile(icc, "rgb");
  return {
    ...levels({ width, height }, 3, rgb),
    icc: use === "convert" ? (icc ?? null) : null,
    notes: profileNotes[use]
  };
}

function loadDecoder(name: string): HeicDecode {
  try {
    return createRequire(import.meta.url)(packageName) as HeicDecode;
  } catch (error) {
    throw new MedGemmaError(
      "IMAGE_UNREADABLE",
      `${name} is a HEIC picture, whose decoder is not part of this package. Install one (npm install ${packageName}), or convert the picture to JPEG or PNG ("heif-convert IN.heic OUT.png"; "sips -s format png IN.heic -o OUT.png" on a Mac).`,
      { cause: error }
    );
  }
}
