/** `importModels`: what can be run, and nothing else; nothing verified is replaced without being asked. */
import { createHash } from "node:crypto";
import { copyFileSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { importModels, type ImportOptions } from "../../src/models/import.js";
import { installedModels } from "../../src/models/installed.js";
import { verifyModels } from "../../src/models/verify.js";
import { demoProjector, demoText } from "../demo-model.js";
import { importKilledAt } from "../killed-import.js";
import { demoProjectorContent, demoTextContent, named, projectorOfAnotherKind, stub, withValues, write } from "../published-files.js";

const folder = mkdtempSync(join(tmpdir(), "medgemma-import-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let home = "";
let source = "";
beforeEach(() => {
  const both = mkdtempSync(join(folder, "case-"));
  home = join(both, "inside", "home");
  source = join(both, "source");
  mkdirSync(source);
  vi.stubEnv("MEDGEMMA_HOME", home);
});
afterEach(() => vi.unstubAllEnvs());

async function run(path = source, options: ImportOptions = {}) {
  const skipped: string[] = [];
  const warnings: string[] = [];
  const notes: string[] = [];
  const models = await importModels(path, {
    ...options,
    onSkip: ({ path: file, reason }) => skipped.push(`${basename(file)} ${reason}`),
    onWarning: (warning) => warnings.push(warning),
    onNote: (note) => notes.push(note)
  });
  return { ids: models.map(({ id }) => id), models, skipped, warnings, notes };
}

const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
const pair = (text: string, mmproj: string) => {
  mkdirSync(dirname(join(source, text)), { recursive: true });
  copyFileSync(demoText, join(source, text));
  copyFileSync(demoProjector, join(source, mmproj));
};

describe("import", () => {
  it("leaves out what it cannot run, each with its reason", async () => {
    pair("unsloth/medgemma-4b-it-GGUF/medgemma-4b-it-Q6_K.gguf", "unsloth/medgemma-4b-it-GGUF/mmproj-F16.gguf");
    write(join(source, "lmstudio-community/Qwen3-4B-GGUF/Qwen3-4B-Q4_K_M.gguf"), stub("qwen3"));
    write(join(source, "lmstudio-community/gemma-3n/gemma-3n-E4B-it.gguf"), stub("gemma3n"));
    write(join(source, "bartowski/google_medgemma-4b-it-imatrix.gguf"), stub("", "imatrix"));
    write(join(source, "lora/medgemma-lora.gguf"), stub("gemma3", "adapter"));
    write(join(source, "llava/mmproj-model-f16.gguf"), projectorOfAnotherKind());
    write(join(source, "ollama/embeddinggemma.gguf"), { values: demoTextContent.values, tensors: [...demoTextContent.tensors, { name: "dense.0.weight", shape: [32], type: 0, bytes: Buffer.alloc(128) }] });
    copyFileSync(demoText, join(source, "lora", "medgemma-mtp-draft-Q4_0.gguf"));
    writeFileSync(join(source, "broken.gguf"), "GGUF and no more");
    const { ids, skipped } = await run();
    expect(ids).toEqual(["medgemma-4b-it-Q6_K"]);
    expect(skipped.sort()).toEqual([
      expect.stringMatching(/^Qwen3-4B-Q4_K_M\.gguf is a qwen3 model/),
      expect.stringMatching(/^broken\.gguf cannot be used/),
      expect.stringMatching(/^embeddinggemma\.gguf is a gemma3 model/),
      expect.stringMatching(/^gemma-3n-E4B-it\.gguf is a gemma3n model/),
      expect.stringMatching(/^google_medgemma-4b-it-imatrix\.gguf is an imatrix/),
      expect.stringMatching(/^medgemma-lora\.gguf is an adapter/),
      expect.stringMatching(/^medgemma-mtp-draft-Q4_0\.gguf is a draft/),
      expect.stringMatching(/^mmproj-model-f16\.gguf is a projector of another kind/)
    ]);
    expect(readdirSync(home)).toEqual(["medgemma-4b-it-Q6_K"]);
  });

  it("says of a file that is named itself what it is", async () => {
    const path = write(join(source, "google_medgemma-4b-it-imatrix.gguf"), stub("", "imatrix"));
    await expect(run(path)).rejects.toMatchObject({ code: "MODEL_MISMATCH", message: expect.stringContaining("imatrix") as string });
    await expect(run(source)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND", message: expect.stringContaining("imatrix") as string });
  });

  it("finds models several folders deep, each file once, and stops at links in a circle", async () => {
    pair("a/b/c/medgemma-4b-it-Q6_K.gguf", "a/b/c/mmproj-F16.gguf");
    symlinkSync(source, join(source, "a", "again"));
    mkdirSync(join(source, "snapshots", "older"), { recursive: true });
    symlinkSync(join(source, "a/b/c/medgemma-4b-it-Q6_K.gguf"), join(source, "snapshots", "older", "medgemma-4b-it-Q6_K.gguf"));
    expect((await run()).ids).toEqual(["medgemma-4b-it-Q6_K"]);
  });

  it("keeps two files of one name apart", async () => {
    // Jan's way, and two publishers of one file name.
    for (const name of ["medgemma-4b-it-Q4_K_M", "medgemma-1_5-4b-it-Q4_K_M"]) {
      write(join(source, "jan", name, "model.gguf"), named(demoTextContent, name));
      write(join(source, "jan", name, "mmproj.gguf"), demoProjectorContent);
    }
    for (const publisher of ["one", "two"]) write(join(source, publisher, "medgemma-4b-it-Q6_K.gguf"), named(demoTextContent, publisher));
    const { ids, models } = await run();
    expect(ids.toSorted()).toEqual(["medgemma-1_5-4b-it-Q4_K_M", "medgemma-4b-it-Q4_K_M", "medgemma-4b-it-Q6_K", "two-medgemma-4b-it-Q6_K"]);
    expect(new Set(models.map(({ text }) => sha256(text))).size).toBe(4);
    expect((await run()).ids).toEqual(ids); // again: nothing new
    expect(await installedModels()).toHaveLength(4);
  });

  it("never replaces a verified file without being asked", async () => {
    pair("medgemma-4b-it-Q4_K_M.gguf", "mmproj-F16.gguf");
    const [model] = (await run()).models;
    const text = model?.text ?? "";
    const before = sha256(text);
    write(join(source, "medgemma-4b-it-Q4_K_M.gguf"), named(demoTextContent, "other bytes"));
    await expect(run()).rejects.toMatchObject({ code: "FILE_UNUSABLE", message: expect.stringMatching(/other content.*nothing was replaced.*import with replace/) as string, remedy: { option: "replace" } });
    expect(sha256(text)).toBe(before);
    expect((await verifyModels(undefined)).map(({ state }) => state)).toEqual(["whole", "whole"]);
    expect((await run(source, { replace: true })).ids).toEqual(["4b-it:Q4_K_M"]);
    expect(sha256(text)).toBe(sha256(join(source, "medgemma-4b-it-Q4_K_M.gguf")));
    expect((await verifyModels(undefined)).map(({ state }) => state)).toEqual(["whole", "whole"]);
  });

  it("brings a file again that was damaged since", async () => {
    pair("medgemma-4b-it-Q6_K.gguf", "mmproj-F16.gguf");
    const [model] = (await run()).models;
    truncateSync(model?.text ?? "", 1000);
    await run();
    expect(sha256(model?.text ?? "")).toBe(sha256(demoText));
  });

  it("tells when the catalog knows another hash by that name, from a file as from a record", async () => {
    pair("medgemma-1.5-4b-it-Q4_K_M.gguf", "mmproj-F16.gguf");
    const { ids, warnings } = await run();
    expect(ids).toEqual(["1.5-4b-it:Q4_K_M"]);
    expect(warnings).toEqual([expect.stringMatching(/not the file that this version.*known b31becdf/)]);
    const stick = join(dirname(source), "stick");
    mkdirSync(stick);
    copyFileSync(demoText, join(stick, "a.gguf"));
    const file = { byteLength: statSync(demoText).size, sha256: sha256(demoText), source: "x", verified: "2026-01-01T00:00:00Z" };
    writeFileSync(join(stick, "medgemma-local.json"), JSON.stringify({ models: [{ id: "1.5-4b-it:Q4_K_M", text: "a.gguf", mmproj: null }], files: { "a.gguf": file } }));
    rmSync(home, { recursive: true });
    expect((await run(stick)).warnings).toEqual([expect.stringMatching(/not the file that this version/)]);
  });

  it.each(["..", ".", "", "...", "../x", "a/../../x", "C:\\x", "x\u001b[2J", "x\u202ey"])("keeps a record with the id %j inside the folder of weights", async (id) => {
    copyFileSync(demoText, join(source, "a.gguf"));
    const file = { byteLength: statSync(demoText).size, sha256: sha256(demoText), source: "x", verified: "2026-01-01T00:00:00Z" };
    writeFileSync(join(source, "medgemma-local.json"), JSON.stringify({ models: [{ id, text: "a.gguf", mmproj: null }], files: { "a.gguf": file } }));
    const { ids } = await run();
    expect(ids).toEqual(["a"]);
    expect(readdirSync(dirname(home))).toEqual(["home"]);
    expect(readdirSync(home)).toEqual(["a"]);
  });

  it.each(["...gguf", "..gguf", "modèle (1).gguf", "x\u202egnp.gguf", "a\nb.gguf"])("takes the file %j under a name that is safe", async (name) => {
    copyFileSync(demoText, join(source, name));
    const { ids } = await run();
    expect(ids[0]).toMatch(/^[\w.+ -]+$/);
    expect(readdirSync(dirname(home))).toEqual(["home"]);
    expect((await verifyModels(undefined)).map(({ state }) => state)).toEqual(["whole"]);
  });

  it("survives kills: nothing half-made is listed, and the next try finishes", async () => {
    pair("medgemma-4b-it-Q6_K.gguf", "mmproj-F16.gguf");
    const before = readdirSync(source).map((name) => sha256(join(source, name)));
    for (const bytes of [0, 5_000_000, 14_000_000, 20_000_000]) {
      await importKilledAt(bytes, source, home);
      for (const { text, mmproj } of await installedModels()) expect([sha256(text), sha256(mmproj ?? "")]).toEqual(before);
    }
    expect(readdirSync(source).map((name) => sha256(join(source, name)))).toEqual(before);
    expect((await run()).ids).toEqual(["medgemma-4b-it-Q6_K"]);
    expect((await verifyModels(undefined)).map(({ state }) => state)).toEqual(["whole", "whole"]);
  });

  it("checks a pair when it makes it", async () => {
    write(join(source, "medgemma-4b-it.gguf"), demoTextContent);
    write(join(source, "mmproj-F16.gguf"), withValues(demoProjectorContent, { "clip.vision.projection_dim": [4, 5376] }));
    await expect(run()).rejects.toMatchObject({ code: expect.stringMatching(/MODEL_(?:MISMATCH|CORRUPT)/) as string });
    expect((await run(source, { mmproj: null })).models).toMatchObject([{ mmproj: null }]);
  });

  it("links instead of copying, and removes nothing but the link", async () => {
    pair("medgemma-4b-it-Q6_K.gguf", "mmproj-F16.gguf");
    const [model] = (await run(source, { link: true })).models;
    expect(lstatSync(model?.text ?? "").ino).toBe(lstatSync(join(source, "medgemma-4b-it-Q6_K.gguf")).ino);
    expect((await verifyModels(undefined)).map(({ state }) => state)).toEqual(["whole", "whole"]);
    const { removeModel } = await import("../../src/models/remove.js");
    await removeModel("medgemma-4b-it-Q6_K");
    expect(sha256(join(source, "medgemma-4b-it-Q6_K.gguf"))).toBe(sha256(demoText));
  });
});
