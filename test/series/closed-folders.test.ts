import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { decodeImage, readSeries, type SeriesProgress } from "../../src/index.js";

const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "medgemma-closed-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
cpSync(join(fixtures, "series/reversed"), join(folder, "series"), { recursive: true });
cpSync(join(fixtures, "dicom/ct.dcm"), join(folder, "single/ct.dcm"));
// "Müller" as a CD of Windows has it, in CP1252: Node names it in a way that leads nowhere.
for (const parent of ["series", "single"])
  mkdirSync(Buffer.concat([Buffer.from(`${join(folder, parent)}/`), Buffer.from("M\u00fcller", "latin1")]));

describe.skipIf(process.platform !== "linux")("a folder inside that cannot be opened", () => {
  it("is left out of a series, and told", async () => {
    const steps: SeriesProgress[] = [];
    const series = await readSeries(join(folder, "series"), { onProgress: (step) => steps.push(step) });
    expect(series.taken).toBe(12);
    expect(series.leftOut).toContainEqual({ count: 1, why: "folder that cannot be opened" });
    expect(steps.at(-1)).toEqual({ step: "slices", done: 12, of: 12 });
    expect(steps.filter(({ step }) => step === "headers").at(-1)).toEqual({ step: "headers", done: 12, of: 12 });
  });

  it("keeps a folder from having only one picture, and is told", async () => {
    await expect(decodeImage(join(folder, "single"))).rejects.toMatchObject({
      code: "IMAGE_UNREADABLE",
      message: expect.stringContaining("1 folder that cannot be opened") as string
    });
  });
});
