/** How high a pixel is by its width: 2 for pixels twice as high as wide. */
import type { DataSet } from "./data-set.js";
import { tags, type Tag } from "./tags.js";

export interface PixelAspect {
  /** 1 also where the file does not say, or says what cannot be. */
  readonly ratio: number;
  readonly warnings: readonly string[];
}

/** Beyond it, no pixel of any device lies: a spacing of 0.001 is one that was never filled in. */
const mostRatio = 32;

/** Less is rounding. */
const sameRatio = 0.01;

/** @param frame From 0; the frames of an enhanced file have spacings of their own. */
export function readPixelAspect(dataSet: DataSet, frame: number): PixelAspect {
  const sources: readonly (readonly [DataSet, Tag, string])[] = [
    [dataSet.functionalGroup(tags.PixelMeasuresSequence, frame), tags.PixelSpacing, "Pixel Spacing"],
    [dataSet, tags.ImagerPixelSpacing, "Imager Pixel Spacing"],
    [dataSet, tags.NominalScannedPixelSpacing, "Nominal Scanned Pixel Spacing"],
    [dataSet, tags.PixelAspectRatio, "Pixel Aspect Ratio"]
  ];
  const found = sources.flatMap(([from, tag, name]) => {
    const [vertical, horizontal] = from.numbers(tag);
    return isLength(vertical) && isLength(horizontal) ? [{ name, ratio: vertical / horizontal }] : [];
  });
  const [first, ...rest] = found;
  if (first === undefined) return { ratio: 1, warnings: [] };
  if (first.ratio > mostRatio || first.ratio < 1 / mostRatio)
    return {
      ratio: 1,
      warnings: [
        `the ${first.name} of the file makes pixels ${describeAspect(first.ratio)}, which cannot be: taken for square`
      ]
    };
  const other = rest.find(({ ratio }) => !isSame(ratio, first.ratio));
  const warnings =
    other === undefined
      ? []
      : [`the ${first.name} and the ${other.name} of the file contradict each other: the first is followed`];
  return { ratio: isSame(first.ratio, 1) ? 1 : first.ratio, warnings };
}

/** "2 times as high as wide" */
export function describeAspect(ratio: number): string {
  const [factor, shape] = ratio >= 1 ? [ratio, "as high as wide"] : [1 / ratio, "as wide as high"];
  return `${Number(factor.toPrecision(3))} times ${shape}`;
}

function isLength(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value > 0;
}

function isSame(a: number, b: number): boolean {
  return Math.abs(a / b - 1) < sameRatio;
}
