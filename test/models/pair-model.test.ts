/** Which projector is taken, among those that people have beside their models. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { identifyGguf } from "../../src/gguf/identify.js";
import { pairModel } from "../../src/models/pair-model.js";
import { demoProjectorContent, demoTextContent, named, projectorOfAnotherKind, withValues, write, type Content } from "../published-files.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "medgemma-pairs-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const text = (name: string, content: Content = demoTextContent) => write(join(folder, name), content);
const projector = (name: string, content: Content = demoProjectorContent) => write(join(folder, name), content);
const wider = withValues(demoProjectorContent, { "clip.vision.projection_dim": [4, 5376] });

async function pair(path: string, given?: string | null) {
  const { mmproj, ...said } = await pairModel(await identifyGguf(path), given);
  return { mmproj: mmproj === null ? null : basename(mmproj), ...said };
}

describe("the projector beside a model", () => {
  it.each([
    ["unsloth", "medgemma-4b-it-Q4_K_M.gguf", ["mmproj-BF16.gguf", "mmproj-F16.gguf", "mmproj-F32.gguf"], "mmproj-F16.gguf"],
    ["mradermacher", "medgemma-4b-it.Q4_K_M.gguf", ["medgemma-4b-it.mmproj-Q8_0.gguf", "medgemma-4b-it.mmproj-f16.gguf"], "medgemma-4b-it.mmproj-f16.gguf"],
    ["without F16", "medgemma-4b-it.gguf", ["mmproj-Q8_0.gguf", "mmproj-F32.gguf", "mmproj-BF16.gguf"], "mmproj-BF16.gguf"],
    ["two types that lose nothing", "medgemma-4b-it.gguf", ["mmproj-model-Q8_0.gguf", "mmproj-model-f32.gguf"], "mmproj-model-f32.gguf"]
  ])("is one tower in several types (%s): the best is taken, and said", async (_, name, projectors, chosen) => {
    for (const one of projectors) projector(one);
    const { mmproj, notes, warnings } = await pair(text(name));
    expect(mmproj).toBe(chosen);
    expect(warnings).toEqual([]);
    expect(notes).toHaveLength(1);
    for (const one of projectors) expect(notes[0]).toContain(one);
  });

  it("is the one of the same repository in a flat cache", async () => {
    const [medgemma, gemma] = ["unsloth_medgemma-1.5-4b-it-GGUF_", "ggml-org_gemma-3-4b-it-GGUF_"];
    projector(`${medgemma}mmproj-F16.gguf`);
    projector(`${gemma}mmproj-model-f16.gguf`);
    expect(await pair(text(`${medgemma}medgemma-1.5-4b-it-Q4_K_M.gguf`))).toEqual({ mmproj: `${medgemma}mmproj-F16.gguf`, warnings: [], notes: [] });
    expect(await pair(text(`${gemma}gemma-3-4b-it-Q4_K_M.gguf`))).toEqual({ mmproj: `${gemma}mmproj-model-f16.gguf`, warnings: [], notes: [] });
  });

  it("is the one whose width fits, or whose header names the same model", async () => {
    projector("mmproj-27b-F16.gguf", wider);
    projector("mmproj-4b-F16.gguf");
    expect(await pair(text("medgemma-4b-it.gguf"))).toEqual({ mmproj: "mmproj-4b-F16.gguf", warnings: [], notes: [] });
    projector("mmproj-gemma-F16.gguf", named(demoProjectorContent, "Gemma 3 4b It"));
    projector("mmproj-4b-F16.gguf", named(demoProjectorContent, "Medgemma 4b It"));
    expect(await pair(text("medgemma-4b-it.gguf", named(demoTextContent, "Medgemma 4b It")))).toEqual({ mmproj: "mmproj-4b-F16.gguf", warnings: [], notes: [] });
  });

  it("is not guessed among different towers", async () => {
    projector("mmproj-one-F16.gguf");
    projector("mmproj-two-F16.gguf");
    await expect(pair(text("medgemma-4b-it.gguf"))).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(/mmproj-one-F16\.gguf, mmproj-two-F16\.gguf.*Choose one/) as string, remedy: { option: "mmproj" } });
    expect(await pair(text("medgemma-4b-it.gguf"), null)).toMatchObject({ mmproj: null });
  });

  it("lies one folder above the parts of a split model", async () => {
    projector("mmproj-F16.gguf");
    expect(await pair(text("BF16/medgemma-27b-it-BF16-00001-of-00002.gguf"))).toMatchObject({ mmproj: "mmproj-F16.gguf" });
    expect(await pair(text("Q8_0/medgemma-27b-it-Q8_0.gguf"))).toMatchObject({ mmproj: "mmproj-F16.gguf" });
    expect(await pair(text("mine/medgemma-27b-it.gguf"))).toMatchObject({ mmproj: null });
  });

  it("of another kind, or beside a model of text, bothers nobody", async () => {
    projector("mmproj-llava-f16.gguf", projectorOfAnotherKind());
    expect(await pair(text("medgemma-27b-text-it-Q4_K_M.gguf"))).toEqual({ mmproj: null, warnings: [], notes: [] });
    const { mmproj, warnings } = await pair(text("medgemma-4b-it-Q4_K_M.gguf"));
    expect(mmproj).toBeNull();
    expect(warnings).toEqual([expect.stringMatching(/mmproj-llava-f16\.gguf.*another kind.*cannot see images/)]);
    projector("mmproj-model-f16.gguf", named(demoProjectorContent, "Gemma 3 27b It"));
    expect(await pair(text("medgemma-27b-text-it-Q4_K_M.gguf"))).toEqual({ mmproj: null, warnings: [], notes: [] });
    expect(await pair(text("medgemma-4b-it-Q4_K_M.gguf"))).toMatchObject({ mmproj: "mmproj-model-f16.gguf", warnings: [expect.stringContaining("Gemma 3 27B")] });
  });

  it("that cannot be read is left to loading, which says why", async () => {
    mkdirSync(join(folder, "broken"));
    writeFileSync(join(folder, "broken", "mmproj-F16.gguf"), "GGUF");
    expect(await pair(text("broken/medgemma-4b-it.gguf"))).toMatchObject({ mmproj: "mmproj-F16.gguf" });
  });
});

describe("a pair whose widths fit", () => {
  it.each([
    ["Medgemma 1.5 4b It", undefined, "Gemma 3 4b It", undefined, /Gemma 3 4B.*MedGemma 1\.5 4B/],
    ["Medgemma 1.5 4b It", undefined, "Medgemma 4b It", undefined, /MedGemma 4B.*MedGemma 1\.5 4B/],
    ["My Radiology Finetune", "google/medgemma-1.5-4b-it", "Mmproj", "google/gemma-3-4b-it", /Gemma 3.*MedGemma 1\.5/],
    ["Medgemma 27b Text It", undefined, "Gemma 3 27b It", undefined, /Gemma 3 27B.*MedGemma 27B text/],
    ["Medgemma 27b Text It", undefined, "Medgemma 27b It", undefined, /text alone/]
  ])("is warned of: %s (%s) with %s (%s)", async (name, base, projectorName, projectorBase, words) => {
    const path = text("model.gguf", named(demoTextContent, name, base));
    const { mmproj, warnings } = await pair(path, projector("p.gguf", named(demoProjectorContent, projectorName, projectorBase)));
    expect(mmproj).toBe("p.gguf");
    expect(warnings).toEqual([expect.stringMatching(words)]);
    expect(warnings[0]).toContain("or none (mmproj)");
  });

  it.each([
    ["Medgemma 1.5 4b It", "Medgemma 1.5 4b It"],
    ["Medgemma 4b It", "MedGemma 4B IT"],
    ["Medgemma 4b It", "Model"],
    ["Some Finetune", "Medgemma 4b It"]
  ])("is not: %s with %s", async (name, projectorName) => {
    const path = text("model.gguf", named(demoTextContent, name));
    expect(await pair(path, projector("p.gguf", named(demoProjectorContent, projectorName)))).toEqual({ mmproj: "p.gguf", warnings: [], notes: [] });
  });
});
