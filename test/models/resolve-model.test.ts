import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { modelHome } from "../../src/models/model-home.js";
import { resolveModel } from "../../src/models/resolve-model.js";
import { demoProjector, demoText } from "../demo-model.js";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "medgemma-home-"));
  vi.stubEnv("MEDGEMMA_HOME", home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

const put = (name: string) => {
  const path = join(home, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, "");
  return path;
};

describe("resolveModel", () => {
  it("takes the demo model when nothing is installed", async () => {
    expect(await resolveModel(undefined)).toMatchObject({ id: "demo", text: demoText, mmproj: demoProjector });
    expect(await resolveModel("demo")).toMatchObject({ id: "demo", text: demoText, mmproj: demoProjector });
  });

  it("takes the installed MedGemma and the projector beside it", async () => {
    const text = put("medgemma-4b-it/medgemma-4b-it-Q4_K_M.gguf");
    const mmproj = put("medgemma-4b-it/mmproj-F16.gguf");
    const expected = { id: "medgemma-4b-it-Q4_K_M", text, mmproj };
    expect(await resolveModel(undefined)).toEqual(expected);
    expect(await resolveModel("medgemma-4b-it-Q4_K_M")).toEqual(expected);
    expect(await resolveModel(text)).toEqual(expected);
  });

  it("takes no projector for a model of text", async () => {
    const text = put("medgemma-27b-text-it-Q4_K_M.gguf");
    expect(await resolveModel(undefined)).toMatchObject({ text, mmproj: null });
  });

  it("takes the projector that is named before the one beside", async () => {
    put("medgemma-4b-it.gguf");
    put("mmproj-F16.gguf");
    expect(await resolveModel("medgemma-4b-it", { mmproj: "other.gguf" })).toMatchObject({ mmproj: "other.gguf" });
    expect(await resolveModel("demo", { mmproj: "other.gguf" })).toMatchObject({ mmproj: "other.gguf" });
  });

  it("does not guess between two projectors, and lists them", async () => {
    put("medgemma-4b-it.gguf");
    put("mmproj-F16.gguf");
    put("mmproj-BF16.gguf");
    await expect(resolveModel(undefined)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/mmproj-BF16\.gguf, mmproj-F16\.gguf/) as string
    });
  });

  it("takes any path, whatever it is called", async () => {
    const path = join(home, "weights.bin");
    copyFileSync(demoText, path);
    expect(await resolveModel(path)).toEqual({ id: "weights.bin", text: path, mmproj: null });
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
