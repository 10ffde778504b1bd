import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readSeries, type Modality, type RecipeName } from "../../src/index.js";

const folder = fileURLToPath(new URL("../fixtures/nifti/", import.meta.url));

/** As scripts/reference/nifti.py writes it. */
interface Expectation {
  readonly file: string;
  readonly plane: string;
  readonly modality: Modality;
  readonly recipe: RecipeName;
  readonly window: { readonly center: number; readonly width: number } | null;
  readonly index: number | null;
  readonly most: number;
  readonly of: number;
  readonly numbers: readonly number[];
  readonly size: readonly [number, number];
  readonly rgb: string;
}

const expected = JSON.parse(readFileSync(`${folder}expected.json`, "utf8")) as Expectation[];

describe("a NIfTI volume is what nibabel and NumPy make of it", () => {
  it.each(expected)(
    "$file, at most $most, recipe $recipe, window $window",
    async ({ file, modality, recipe, window, index, most, ...one }) => {
      const shown = window === null ? { recipe } : { window };
      const series = await readSeries(`${folder}${file}`, {
        ...shown,
        modality,
        slices: most,
        index: index ?? undefined
      });
      expect(series.slices.map(({ width, height }) => [width, height])).toEqual(one.numbers.map(() => one.size));
      expect(Buffer.concat(series.slices.map(({ rgb }) => rgb)).equals(Buffer.from(one.rgb, "base64"))).toBe(true);
      expect(series).toMatchObject({
        modality,
        taken: one.numbers.length,
        of: one.of,
        numbers: one.numbers,
        seriesNumber: null
      });
      expect(series.notes.some((note) => note.startsWith(`${one.plane} slices`))).toBe(true);
      expect(
        JSON.stringify({ ...series, slices: series.slices.map(({ source, notes }) => ({ source, notes })) })
      ).not.toContain("SECRET");
    }
  );
});
