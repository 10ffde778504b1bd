import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readSlide, type PixelBox, type SlideOptions, type SlideSummary } from "../../src/index.js";

const folder = fileURLToPath(new URL("../fixtures/slides/", import.meta.url));

/** As scripts/reference/slides.py writes it. */
interface Expectations {
  readonly cases: readonly {
    readonly file: string;
    readonly options: SlideOptions;
    readonly summary: Partial<SlideSummary>;
    readonly grid: number;
    readonly of: number;
    readonly taken: number;
    readonly numbers: readonly number[];
    readonly positions: readonly PixelBox[];
    readonly sha256: readonly string[];
  }[];
  readonly overview: {
    readonly file: string;
    readonly side: number;
    readonly width: number;
    readonly height: number;
    readonly sha256: string;
  };
}

const { cases, overview } = JSON.parse(readFileSync(`${folder}expected.json`, "utf8")) as Expectations;

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("a slide is what tifffile, NumPy and Pillow make of it", () => {
  it.each(cases)(
    "$file $options",
    async ({ file, options, summary, grid, of, taken, numbers, positions, sha256: hashes }) => {
      const { shrunkBy, magnification, ...exact } = summary;
      const slide = await readSlide(`${folder}${file}`, options);
      expect(slide).toMatchObject({
        ...exact,
        grid,
        of,
        taken,
        numbers,
        positions,
        side: options.side,
        overview: null
      });
      expect(slide.shrunkBy).toBeCloseTo(shrunkBy ?? 0, 9);
      if (typeof magnification === "number") expect(slide.magnification).toBeCloseTo(magnification, 9);
      else expect(slide.magnification).toBeNull();
      expect(slide.patches.map(({ width, height }) => [width, height])).toEqual(
        numbers.map(() => [options.side, options.side])
      );
      expect(slide.patches.map(({ rgb }) => sha256(rgb))).toEqual(hashes);
      expect(
        JSON.stringify({ ...slide, patches: slide.patches.map(({ source, notes }) => ({ source, notes })) })
      ).not.toContain("SECRET");
    }
  );

  it("the overview is that of Image.reduce", async () => {
    const { file, side, sha256: hash, ...size } = overview;
    const slide = await readSlide(`${folder}${file}`, { side, overview: true, level: 0 });
    expect(slide.overview).toMatchObject(size);
    expect(sha256(slide.overview?.rgb ?? new Uint8Array())).toBe(hash);
  });
});
