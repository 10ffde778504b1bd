/** What a person should know first: what was taken, and how it is shown. */
import type { DecodedImage } from "../image/types.js";
import type { Conversion } from "./conversion.js";

/** @param of Slices of the volume. */
export function describeTaken({ modality, slices, of, conversion }: { readonly modality: string | null; readonly slices: readonly DecodedImage[]; readonly of: number; readonly conversion: Conversion }): string[] {
  const count = slices.length === of ? `all ${of} slices` : `${slices.length} of ${of} slices, evenly spaced`;
  const windows = conversion.channels === null ? [...new Set(slices.flatMap(({ notes }) => notes?.[0] ?? []))] : [];
  return [`${modality ?? "unknown modality"}, ${count}`, ...(conversion.note === null ? [] : [conversion.note]), ...(windows.length > 3 ? [`${windows.length} different windows, each slice with its own`] : windows)];
}
