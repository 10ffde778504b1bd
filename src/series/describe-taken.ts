/** What a person should know first: what was taken, and how it is shown. */
import { describeAspect } from "../dicom/pixel-aspect.js";
import type { DecodedImage } from "../image/types.js";
import type { Conversion } from "./conversion.js";

/** @param of Slices of the volume. */
export function describeTaken({
  modality,
  slices,
  of,
  conversion
}: {
  readonly modality: string | null;
  readonly slices: readonly DecodedImage[];
  readonly of: number;
  readonly conversion: Conversion;
}): string[] {
  const count =
    of === 1
      ? "1 slice"
      : slices.length === of
        ? `all ${of} slices`
        : `${slices.length} of ${of} slices, evenly spaced`;
  const windows =
    conversion.channels === null
      ? [...new Set(slices.flatMap(({ notes, rendering }) => (rendering?.window == null ? [] : (notes?.[0] ?? []))))]
      : [];
  return [
    `${modality ?? "unknown modality"}, ${count}`,
    ...(conversion.note === null ? [] : [conversion.note]),
    ...(windows.length > 3 ? [`${windows.length} different windows, each slice with its own`] : windows)
  ];
}

/** Pixels that are not square, which are enlarged to square ones before the model sees them. */
export function describeAspects(slices: readonly DecodedImage[]): string[] {
  const aspects = [...new Set(slices.map(({ pixelAspect = 1 }) => pixelAspect))].filter((aspect) => aspect !== 1);
  return aspects.length === 0 ? [] : [`pixels are ${describeAspect(aspects[0] ?? 1)}`];
}
