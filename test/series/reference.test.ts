import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readSeries, type RecipeName } from "../../src/index.js";

const folder = fileURLToPath(new URL("../fixtures/series/", import.meta.url));

/** As scripts/reference/series.py writes it. */
interface Expectation {
  readonly case: string;
  readonly series: number | null;
  readonly most: number;
  readonly recipe: RecipeName;
  readonly modality: string;
  readonly order: readonly string[];
  readonly of: number;
  readonly leftOut: readonly { readonly count: number; readonly why: string }[];
  readonly gaps: readonly { readonly after: number; readonly mm: number }[];
  readonly rgb: string;
}

const expected = JSON.parse(readFileSync(`${folder}expected.json`, "utf8")) as Expectation[];

describe("a series is what pydicom and NumPy make of it", () => {
  it.each(expected)("$case, series $series, at most $most, recipe $recipe", async (one) => {
    const series = await readSeries(`${folder}${one.case}`, {
      slices: one.most,
      index: one.series ?? undefined,
      recipe: one.recipe
    });
    const names = one.order.map(
      (name) => `${folder}${one.case}/${name.replace(/#(\d+)$/, " (frame $1)").replace(/@(\d+)$/, " (tile $1)")}`
    );
    expect(series.slices.map(({ source }) => source)).toEqual(names);
    expect(Buffer.concat(series.slices.map(({ rgb }) => rgb)).equals(Buffer.from(one.rgb, "base64"))).toBe(true);
    expect(series).toMatchObject({ modality: one.modality, taken: one.order.length, of: one.of, leftOut: one.leftOut });
    expect(series.gaps.map(({ after, mm }) => ({ after, mm: Number(mm.toFixed(2)) }))).toEqual(one.gaps);
  });
});
