import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { modelHome } from "../../src/models/model-home.js";
import { resolveModel } from "../../src/models/resolve-model.js";
import { demoProjector, demoText } from "../demo-model.js";
import { demoProjectorContent, demoTextContent, named, stub, write, type Content } from "../published-files.js";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "medgemma-home-"));
  vi.stubEnv("MEDGEMMA_HOME", home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

const put = (name: string, content: Content = demoTextContent) => write(join(home, name), content);

describe("resolveModel", () => {
  it("takes the demo model when nothing is installed", async () => {
    expect(await resolveModel(undefined)).toMatchObject({ id: "demo", text: demoText, mmproj: demoProjector });
    expect(await resolveModel("demo")).toMatchObject({ id: "demo", text: demoText, mmproj: demoProjector });
  });

  it("takes the installed MedGemma and the projector beside it", async () => {
    const text = put("medgemma-4b-it/medgemma-4b-it-Q4_K_M.gguf");
    const mmproj = put("medgemma-4b-it/mmproj-F16.gguf", demoProjectorContent);
    const expected = { id: "medgemma-4b-it-Q4_K_M", text, mmproj, warnings: [], notes: [] };
    expect(await resolveModel(undefined)).toEqual(expected);
    expect(await resolveModel("medgemma-4b-it-Q4_K_M")).toEqual(expected);
    expect(await resolveModel(text)).toEqual(expected);
  });

  it("takes by itself a model that can answer: no imatrix, no foreign model, the instruction-tuned before the pre-trained", async () => {
    put("a/google_medgemma-4b-it-imatrix.gguf", stub("", "imatrix"));
    put("b/a-medgemma-draft.gguf", stub("qwen3"));
    expect(await resolveModel(undefined)).toMatchObject({ id: "demo" });
    put("c/medgemma-4b-pt-Q4_K_M.gguf", named(demoTextContent, "Medgemma 4b Pt"));
    expect(await resolveModel(undefined)).toMatchObject({ id: "medgemma-4b-pt-Q4_K_M" });
    put("d/medgemma-27b-it-Q4_K_M.gguf", named(demoTextContent, "Medgemma 27b It"));
    expect(await resolveModel(undefined)).toMatchObject({ id: "medgemma-27b-it-Q4_K_M" });
  });

  it("says what is wrong with the only model, before the demo model answers for it", async () => {
    writeFileSync(join(home, "medgemma-4b-it.gguf"), "damaged");
    await expect(resolveModel(undefined)).rejects.toMatchObject({ code: "MODEL_CORRUPT" });
  });

  it("takes the projector that is named before the one beside, and none for null", async () => {
    put("medgemma-4b-it.gguf");
    put("mmproj-F16.gguf", demoProjectorContent);
    expect(await resolveModel("medgemma-4b-it", { mmproj: "other.gguf" })).toMatchObject({ mmproj: "other.gguf" });
    expect(await resolveModel("medgemma-4b-it", { mmproj: null })).toMatchObject({ mmproj: null });
    expect(await resolveModel("demo", { mmproj: "other.gguf" })).toMatchObject({ mmproj: "other.gguf" });
    expect(await resolveModel("demo", { mmproj: null })).toMatchObject({ mmproj: null });
  });

  it("takes any path, whatever it is called", async () => {
    const path = join(home, "weights.bin");
    copyFileSync(demoText, path);
    expect(await resolveModel(path)).toEqual({ id: "weights.bin", text: path, mmproj: null, warnings: [], notes: [] });
  });

  it.each(["medgemma-9b", "./nowhere.gguf", "folder/nowhere", ""])("says that %j is not there", async (source) => {
    await expect(resolveModel(source)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
  });
});

describe("the folder of weights", () => {
  it("is MEDGEMMA_HOME, else the user's cache folder", () => {
    expect(modelHome({ MEDGEMMA_HOME: "/weights", XDG_CACHE_HOME: "/cache" })).toBe("/weights");
    if (process.platform === "linux") {
      expect(modelHome({ XDG_CACHE_HOME: "/cache" })).toBe("/cache/medgemma-local");
      expect(modelHome({ MEDGEMMA_HOME: "", XDG_CACHE_HOME: "" })).toMatch(/\.cache\/medgemma-local$/);
    }
  });
});
