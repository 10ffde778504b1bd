/** A picture with boxes → the bytes of a PNG file: the picture at its own resolution, outlines and labels upon it. */
import { anObject, checkArgument, isObject, listOf, type Rule } from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";
import { checkDecoded } from "./decode.js";
import { fonts } from "./render-svg.js";
import { loadSharp } from "./sharp.js";
import type { DecodedImage, PixelBox } from "./types.js";

/** A box to draw, with its label; a `LocatedBox` is one. */
export interface DrawnBox {
  /** Boxes with the same label have the same colour. */
  readonly label: string;
  /** In pixels of the picture. */
  readonly box: PixelBox;
}

/** Light, and far from each other and from gray; one for each label. On a bright ground their dark rim makes them stand out. */
const colours = ["#ffe11a", "#40e0ff", "#ff8cf0", "#8cff66", "#ffa64d", "#c9b3ff"];
const rim = "#000000";

/** Part of the long edge of the picture: a line of 2 pixels and letters of 22 on 896. */
const lineWidth = 1 / 450;
const fontSize = 1 / 40;
const smallestFontSize = 9;
const longestLabel = 60;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

const drawnBox: Rule = {
  expected: "{ label, box: { x, y, width, height } } with a string and four numbers",
  holds: (value) => {
    if (!isObject(value) || typeof value.label !== "string" || !isObject(value.box)) return false;
    const { x, y, width, height } = value.box;
    return [x, y, width, height].every(Number.isFinite);
  }
};

/** librsvg draws no longer edges. */
const maxEdge = 32_767;

/**
 * The picture at its own resolution, with outlines and labels upon it, as the bytes of a PNG file.
 *
 * @param boxes In pixels of the picture. Labels may hold anything: they are drawn as text, the first 60 characters, fewer where
 *   there is no room for them.
 * @throws MedGemmaError IMAGE_TOO_LARGE for an edge over 32,767 pixels
 */
export async function drawBoxes(image: DecodedImage, boxes: readonly DrawnBox[]): Promise<Buffer> {
  checkArgument("The image", image, anObject);
  checkDecoded(image, {});
  checkArgument("boxes", boxes, listOf(drawnBox));
  const { source, width, height, rgb } = image;
  if (boxes.length > 0 && Math.max(width, height) > maxEdge) {
    throw new MedGemmaError(
      "IMAGE_TOO_LARGE",
      `${source} has ${width}×${height} pixels; boxes can be drawn on edges up to ${maxEdge}. Export a smaller picture of it.`
    );
  }
  const picture = loadSharp()(rgb, { raw: { width, height, channels: 3 } });
  if (boxes.length > 0) picture.composite([{ input: Buffer.from(drawing(image, boxes)) }]);
  return await picture.removeAlpha().png().toBuffer();
}

function drawing(image: DecodedImage, boxes: readonly DrawnBox[]): string {
  const { width, height } = image;
  const labels = [...new Set(boxes.map(({ label }) => label))];
  const line = Math.max(1, Math.max(width, height) * lineWidth);
  const size = Math.max(smallestFontSize, Math.max(width, height) * fontSize);
  const drawn = boxes.map(({ label, box }) => {
    const colour = colours[labels.indexOf(label) % colours.length] ?? rim;
    return {
      outline: outline(box, line, colour, image),
      name: name(label, box, { width, height, line, size, colour })
    };
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="${fonts}" font-size="${size}" font-weight="bold">`,
    ...drawn.map(({ outline }) => outline),
    ...drawn.map(({ name }) => name), // above every line
    "</svg>"
  ].join("\n");
}

/** A line of the colour between two thin dark ones. Around the box, so that what is in it stays visible to its edge, but on the picture. */
function outline(box: PixelBox, line: number, colour: string, { width, height }: DecodedImage): string {
  const left = Math.max(box.x - line, line);
  const top = Math.max(box.y - line, line);
  const right = Math.max(Math.min(box.x + box.width + line, width - line), left);
  const bottom = Math.max(Math.min(box.y + box.height + line, height - line), top);
  const rectangle = (stroke: string, strokeWidth: number) =>
    `<rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}" fill="none" stroke="${stroke}" stroke-width="${strokeWidth}"/>`;
  return rectangle(rim, 2 * line) + rectangle(colour, line);
}

/** Above the box, or inside where the picture ends; moved left where it would leave the picture. */
function name(
  label: string,
  box: PixelBox,
  {
    width,
    height,
    line,
    size,
    colour
  }: {
    readonly width: number;
    readonly height: number;
    readonly line: number;
    readonly size: number;
    readonly colour: string;
  }
): string {
  const room = width - 4 * line;
  const text = shorten(printable(label), room / size);
  if (text === "") return "";
  const x = Math.max(2 * line, Math.min(box.x, 2 * line + room - textWidth(text) * size));
  const above = box.y - 3.5 * line;
  const y = above >= size ? above : Math.min(box.y + size + line, height - 2 * line);
  return (
    `<text x="${x}" y="${y}" fill="${colour}" stroke="${rim}" stroke-width="${size / 5}" stroke-linejoin="round" paint-order="stroke">` +
    `${escapeXml(text)}</text>`
  );
}

/** One line, without what XML forbids and without the marks that turn the writing direction. */
function printable(label: string): string {
  return label
    .slice(0, 10 * longestLabel)
    .replace(/\s+/gu, " ")
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, "")
    .trim();
}

/** @param room In units of the font size. */
function shorten(text: string, room: number): string {
  const letters = Array.from(graphemes.segment(text), ({ segment }) => segment);
  if (letters.length <= longestLabel && textWidth(text) <= room) return text;
  let shown = letters.slice(0, longestLabel - 1);
  while (shown.length > 0 && textWidth(`${shown.join("")}…`) > room) shown = shown.slice(0, -1);
  return shown.length === 0 ? "" : `${shown.join("")}…`;
}

/** In units of the font size: more than a bold Latin letter takes on average, so that a label ends before the picture does. */
function textWidth(text: string): number {
  return Array.from(graphemes.segment(text), ({ segment }) => (segment < "\u0300" ? 0.68 : 1)).reduce(
    (sum, width) => sum + width,
    0
  );
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
