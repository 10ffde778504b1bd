/** A picture and its crops, or the slices of a series, or the patches of a slide, as the model sees them, side by side in one PNG file. The squares are untouched: captions stand above. */
import { checkPictureSize } from "../shared/picture-size.js";
import { fonts } from "./render-svg.js";
import { loadSharp } from "./sharp.js";
import { squaresOf, type PixelBox, type Square, type SquareImage } from "./types.js";

/** Where the ground can be told from the black bars of a picture, and white words be read on it. */
const ground = "#475569";

export interface ContactSheet {
  readonly png: Buffer;
  /** Where each square lies on the sheet, in pixels, in the order of the squares: the whole picture first. */
  readonly tiles: readonly PixelBox[];
}

export async function contactSheet(image: SquareImage): Promise<ContactSheet> {
  const squares = squaresOf(image);
  const captions = [
    "0: whole picture",
    ...image.crops.map(
      ({ box }, index) => `${index + 1}: x ${box.x}–${box.x + box.width}, y ${box.y}–${box.y + box.height}`
    )
  ];
  return await sheetOf(squares, captions, squares.length);
}

/**
 * The slices of a series, row by row, with their numbers.
 *
 * @param numbers Places in the volume, from 1, one for each square.
 * @throws MedGemmaError IMAGE_TOO_LARGE
 */
export async function seriesSheet(squares: readonly Square[], numbers: readonly number[]): Promise<ContactSheet> {
  const captions = squares.map(
    (_, index) => `SLICE ${index + 1}${numbers[index] === index + 1 ? "" : ` (${numbers[index] ?? 0})`}`
  );
  return await sheetOf(squares, captions, Math.ceil(Math.sqrt(squares.length)));
}

/**
 * The patches of a slide, row by row, with the places of their upper left corners; behind the whole slide, when there is one
 * square more.
 *
 * @param positions In pixels of the slide's largest level, one for each patch.
 * @throws MedGemmaError IMAGE_TOO_LARGE
 */
export async function slideSheet(squares: readonly Square[], positions: readonly PixelBox[]): Promise<ContactSheet> {
  const captions = positions.map(({ x, y }, index) => `${index + 1}: x ${Math.round(x)}, y ${Math.round(y)}`);
  return await sheetOf(
    squares,
    squares.length > positions.length ? ["0: whole slide", ...captions] : captions,
    Math.ceil(Math.sqrt(squares.length))
  );
}

async function sheetOf(
  squares: readonly Square[],
  captions: readonly string[],
  columns: number
): Promise<ContactSheet> {
  const side = squares[0]?.side ?? 0;
  const gap = Math.max(4, Math.round(side / 56));
  const captionHeight = Math.max(14, Math.round(side / 14));
  const rowHeight = captionHeight + side + gap;
  const tiles = squares.map((_, index) => ({
    x: gap + (index % columns) * (side + gap),
    y: Math.floor(index / columns) * rowHeight + captionHeight,
    width: side,
    height: side
  }));
  const width = gap + columns * (side + gap);
  const rows = Math.ceil(squares.length / columns);
  const height = rows * rowHeight;
  checkPictureSize("The contact sheet", width, height);

  const png = await loadSharp()({ create: { width, height, channels: 3, background: ground } })
    .composite([
      ...Array.from({ length: rows }, (_, row) => {
        const inRow = captions.slice(row * columns, (row + 1) * columns);
        return {
          input: Buffer.from(captionLine(inRow, { width, side, gap, captionHeight })),
          left: 0,
          top: row * rowHeight
        };
      }),
      ...squares.map(({ rgb }, index) => ({
        input: Buffer.from(rgb.buffer, rgb.byteOffset, rgb.byteLength),
        raw: { width: side, height: side, channels: 3 as const },
        left: tiles[index]?.x ?? 0,
        top: tiles[index]?.y ?? 0
      }))
    ])
    .removeAlpha()
    .png()
    .toBuffer();
  return { png, tiles };
}

function captionLine(
  captions: readonly string[],
  { width, side, gap, captionHeight }: Readonly<Record<"width" | "side" | "gap" | "captionHeight", number>>
): string {
  const words = captions.map((caption, index) => {
    // Nested, so that a caption that is too long for a small square is cut at its edge.
    return `<svg x="${gap + index * (side + gap)}" y="0" width="${side}" height="${captionHeight}"><text x="0" y="${captionHeight * 0.7}">${caption}</text></svg>`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${captionHeight}" ` +
    `font-family="${fonts}" font-size="${captionHeight * 0.6}" fill="#ffffff">${words.join("")}</svg>`
  );
}
