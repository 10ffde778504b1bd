/** A picture and its crops as the model sees them, side by side in one PNG file. The squares are untouched: captions stand above. */
import sharp from "sharp";
import { fonts } from "./render-svg.js";
import { squaresOf, type PixelBox, type SquareImage } from "./types.js";

/** Where the ground can be told from the black bars of a picture, and white words be read on it. */
const ground = "#475569";

export interface ContactSheet {
  readonly png: Buffer;
  /** Where each square lies on the sheet, in pixels: the whole picture first. */
  readonly tiles: readonly PixelBox[];
}

export async function contactSheet(image: SquareImage): Promise<ContactSheet> {
  const { side, crops } = image;
  const gap = Math.max(4, Math.round(side / 56));
  const captionHeight = Math.max(14, Math.round(side / 14));
  const squares = squaresOf(image);
  const tiles = squares.map((_, index) => ({ x: gap + index * (side + gap), y: captionHeight, width: side, height: side }));
  const width = gap + squares.length * (side + gap);
  const height = captionHeight + side + gap;

  const captions = ["0: whole picture", ...crops.map(({ box }, index) => `${index + 1}: x ${box.x}–${box.x + box.width}, y ${box.y}–${box.y + box.height}`)];
  const words = captions.map((caption, index) => {
    // Nested, so that a caption that is too long for a small square is cut at its edge.
    return `<svg x="${tiles[index]?.x ?? 0}" y="0" width="${side}" height="${captionHeight}"><text x="0" y="${captionHeight * 0.7}">${caption}</text></svg>`;
  });
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${captionHeight}" ` +
    `font-family="${fonts}" font-size="${captionHeight * 0.6}" fill="#ffffff">${words.join("")}</svg>`;

  const png = await sharp({ create: { width, height, channels: 3, background: ground } })
    .composite([
      { input: Buffer.from(svg), left: 0, top: 0 },
      ...squares.map(({ rgb }, index) => ({
        input: Buffer.from(rgb.buffer, rgb.byteOffset, rgb.byteLength),
        raw: { width: side, height: side, channels: 3 as const },
        left: tiles[index]?.x ?? 0,
        top: captionHeight
      }))
    ])
    .removeAlpha()
    .png()
    .toBuffer();
  return { png, tiles };
}
