/** An answer that locates something → boxes in the pixels of the pictures; and what could not be placed, with the reason. */
import { boxScale, boxToPixels } from "../image/box-to-pixels.js";
import type { PixelBox, SquareImage } from "../image/types.js";
import { parseBoxes, type BoxEntry } from "./parse-boxes.js";

/** What the model located. */
export interface LocatedBox {
  /** As the model wrote it, of any length; "" where it gave none. */
  readonly label: string;
  /** In pixels of the original picture, to hundredths, cut off at its edges. */
  readonly box: PixelBox;
  /** As the model said it: [y0, x0, y1, x1], whole numbers from 0 to 1000 on the square that it saw. */
  readonly box2d: readonly [number, number, number, number];
  /** Which of the images: its index in `Answer.images`, or among the last images of the conversation when a question has none. */
  readonly image: number;
}

/** What looks like a box in an answer and is none. */
export interface RejectedBox {
  /** In words that continue "This box is not used: ". */
  readonly reason: string;
  /** As it stands in the answer; its first 200 characters. */
  readonly text: string;
}

const maxTextLength = 200;

type BoxNumbers = LocatedBox["box2d"];

/** @param images The pictures that the answer can mean. */
export function locateBoxes(
  answer: string,
  images: readonly (Pick<SquareImage, "width" | "height" | "fit"> & Partial<Pick<SquareImage, "preprocessing">>)[]
): { readonly boxes: LocatedBox[]; readonly rejectedBoxes: RejectedBox[] } {
  const boxes: LocatedBox[] = [];
  const rejectedBoxes: RejectedBox[] = [];
  for (const entry of parseBoxes(answer)) {
    const placed = "reason" in entry ? entry.reason : place(entry, images);
    if (typeof placed === "string") rejectedBoxes.push({ reason: placed, text: shorten(entry.text) });
    else boxes.push(placed);
  }
  return { boxes, rejectedBoxes };
}

/** @returns why not, in words, for a box that cannot be placed */
function place({ box2d, label, image }: BoxEntry, images: Parameters<typeof locateBoxes>[1]): LocatedBox | string {
  const numbers = readNumbers(box2d);
  if (typeof numbers === "string") return numbers;
  const index = readImage(image, images.length);
  if (typeof index === "string") return index;
  const meant = images[index];
  const box =
    meant === undefined ? null : boxToPixels(numbers, { ...meant, pixelAspect: meant.preprocessing?.pixelAspect });
  if (box === null) return "it lies entirely in the black bars next to the picture";
  return { label, box, box2d: numbers, image: index };
}

function readNumbers(box2d: unknown): BoxNumbers | string {
  const isBox = Array.isArray(box2d) && box2d.length === 4 && box2d.every((edge) => Number.isInteger(edge));
  if (!isBox) return "its box_2d must be four whole numbers, [y0, x0, y1, x1]";
  const [y0, x0, y1, x1] = box2d as unknown as BoxNumbers;
  if (Math.min(y0, x0, y1, x1) < 0 || Math.max(y0, x0, y1, x1) > boxScale)
    return `its box_2d must lie within 0 and ${boxScale}`;
  if (y1 <= y0) return `its lower edge y1 = ${y1} is not below its upper edge y0 = ${y0}`;
  if (x1 <= x0) return `its right edge x1 = ${x1} is not right of its left edge x0 = ${x0}`;
  return [y0, x0, y1, x1];
}

/** A box on the wrong picture would be worse than none, so nothing is guessed. */
function readImage(image: unknown, count: number): number | string {
  if (count === 0) return "there is no image it could refer to";
  if (image === undefined) {
    if (count === 1) return 0;
    return `it does not say which of the ${count} images it refers to; ask about one, or ask for "image": 1 to ${count} in every entry`;
  }
  const isNumber = typeof image === "number" && Number.isInteger(image) && image >= 1 && image <= count;
  return isNumber ? image - 1 : `its image must be a number from 1 to ${count}`;
}

function shorten(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength - 1)}…`;
}
