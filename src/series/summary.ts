/** What is told of a series, in answers, records and JSON: all but the pixels. */
import type { SeriesAsked, SeriesOptions, SeriesSummary } from "./types.js";

/** Google's notebook high_dimensional_ct takes 85 at most. */
export const defaultSlices = 85;

/** @param series May be a `Series`: its slices are left out. */
export function summaryOf(series: SeriesSummary): SeriesSummary {
  const {
    source,
    modality,
    seriesNumber,
    volume,
    volumes,
    taken,
    of,
    numbers,
    order,
    leftOut,
    gaps,
    recipe,
    windows,
    asked,
    notes,
    warnings
  } = series;
  return {
    source,
    modality,
    seriesNumber,
    volume,
    volumes,
    taken,
    of,
    numbers,
    order,
    leftOut,
    gaps,
    recipe,
    windows,
    asked,
    notes,
    warnings
  };
}

export function askedOf({ slices, index, volume, join, recipe, modality, window }: SeriesOptions): SeriesAsked {
  return {
    slices: slices ?? defaultSlices,
    index: index ?? null,
    volume: volume ?? null,
    join: join === true,
    recipe: recipe ?? null,
    modality: modality ?? null,
    window: window ?? null
  };
}
