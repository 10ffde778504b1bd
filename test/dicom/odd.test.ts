/** Files that break a rule of DICOM, as scanners and converters write them: read rightly, and told where they contradict themselves. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { decodeImage, type WindowChoice } from "../../src/index.js";

const folder = fileURLToPath(new URL("../fixtures/dicom-odd/", import.meta.url));

/** As scripts/reference/dicom_odd.py writes it. */
interface OddFact {
  readonly file: string;
  readonly frame?: number;
  readonly window?: WindowChoice;
  readonly tolerance: number;
  readonly note: string | null;
  readonly size: readonly [number, number];
  readonly rgb: string;
}

const facts = JSON.parse(readFileSync(`${folder}odd.json`, "utf8")) as OddFact[];

describe("an odd DICOM file is shown as its pixels are", () => {
  it.each(facts)("$file, frame $frame, window $window", async ({ file, frame, window, tolerance, note, size, rgb }) => {
    const {
      width,
      height,
      rgb: seen,
      notes = [],
      warnings = []
    } = await decodeImage(`${folder}${file}`, { frame, window });
    const right = Buffer.from(rgb, "base64");
    expect([width, height, seen.length]).toEqual([...size, right.length]);
    expect(
      seen.reduce((most, level, index) => Math.max(most, Math.abs(level - (right[index] ?? 0))), 0)
    ).toBeLessThanOrEqual(tolerance);
    if (note === null) expect(warnings).toEqual([]);
    else expect(warnings.join("; ")).toContain(note);
    expect(notes).toEqual(expect.arrayContaining([...warnings]));
    expect(notes.join()).not.toContain("SECRET");
  });
});
