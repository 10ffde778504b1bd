/** A split model is one model: in its memory, its checks, its import and its removal. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { inspectFile } from "../../src/loading/inspect.js";
import { loadMedGemma } from "../../src/index.js";
import { importModels } from "../../src/models/import.js";
import { installedModels } from "../../src/models/installed.js";
import { removeModel } from "../../src/models/remove.js";
import { resolveModel } from "../../src/models/resolve-model.js";
import { verifyModels } from "../../src/models/verify.js";
import { demoText, film } from "../demo-model.js";
import { demoProjectorContent, demoTextContent, splitInTwo, write } from "../published-files.js";

const folder = mkdtempSync(join(tmpdir(), "medgemma-split-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  vi.stubEnv("MEDGEMMA_HOME", mkdtempSync(join(folder, "home-")));
});
afterEach(() => vi.unstubAllEnvs());

const partName = (part: number) => `medgemma-27b-it-BF16-0000${part}-of-00002.gguf`;

/** As unsloth keeps it: the parts in a folder, the projector above. */
function repository(name: string, options: { readonly empty?: boolean } = {}): { readonly root: string; readonly first: string; readonly second: string } {
  const root = join(folder, name);
  const [one, two] = splitInTwo(demoTextContent, options);
  write(join(root, "mmproj-F16.gguf"), demoProjectorContent);
  return { root, first: write(join(root, "BF16", partName(1)), one), second: write(join(root, "BF16", partName(2)), two) };
}

async function answer(source: string) {
  await using medgemma = await loadMedGemma(source, { gpu: "off" });
  await using chat = await medgemma.createChat();
  const { tokens } = await chat.ask("Describe the image.", { images: [film] });
  return { tokens, model: (await medgemma.provenance()).model };
}

describe("a split model", () => {
  it.each([false, true])("answers as the whole one (first part empty: %s)", async (empty) => {
    const { first } = repository(`answers-${empty}`, { empty });
    const { tokens, model } = await answer(first);
    expect(tokens).toEqual((await answer("demo")).tokens);
    expect(model.text.furtherParts).toHaveLength(1);
  });

  it.each([false, true])("has the size, parameters and memory of the whole one (first part empty: %s)", async (empty) => {
    const { first } = repository(`sizes-${empty}`, { empty });
    const [split, whole] = [await inspectFile(first), await inspectFile(demoText)];
    if (split.kind !== "text" || whole.kind !== "text") throw new Error("expected text models");
    expect(split).toMatchObject({ parts: 2, parameters: whole.parameters, layers: whole.layers, weightType: whole.weightType });
    expect(Math.abs(split.memory.cpu.weightBytes - whole.memory.cpu.weightBytes)).toBeLessThan(1000);
    expect(Math.abs(split.byteLength - whole.byteLength)).toBeLessThan(10_000);
    expect(split.projectors).toMatchObject([{ fits: true }]);
  });

  it("is named by its first part; of missing parts the names are told", async () => {
    const { first, second } = repository("missing");
    await expect(resolveModel(second)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining(`part 2 of 2 of a split model. Name the first part: ${first}`) as string });
    expect(await inspectFile(second)).toMatchObject({ kind: "part", about: expect.stringContaining("part 2 of 2") as string });
    rmSync(second);
    await expect(resolveModel(first)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND", message: expect.stringContaining(partName(2)) as string });
    await expect(inspectFile(first)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    await expect(importModels(first)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    await expect(importModels(join(folder, "missing"))).rejects.toMatchObject({ code: "MODEL_NOT_FOUND", message: expect.stringContaining(partName(2)) as string });
  });

  it("is imported, verified and removed as one", async () => {
    const { root } = repository("import");
    const [model, ...others] = await importModels(root);
    expect(others).toEqual([]);
    expect(model).toMatchObject({ id: "medgemma-27b-it-BF16", mmproj: expect.stringContaining("mmproj-F16") as string });
    expect(model?.parts.map((path) => basename(path))).toEqual([partName(1), partName(2)]);
    expect((await verifyModels(undefined)).map(({ state }) => state)).toEqual(["whole", "whole", "whole"]);
    expect((await answer("medgemma-27b-it-BF16")).tokens).toEqual((await answer("demo")).tokens);
    expect((await removeModel("medgemma-27b-it-BF16")).files).toHaveLength(3);
    expect(readdirSync(process.env.MEDGEMMA_HOME ?? "")).toEqual([]);
  });

  it("put into the folder of weights by hand is listed once, when all of it is there", async () => {
    const home = process.env.MEDGEMMA_HOME ?? "";
    const [one, two] = splitInTwo(demoTextContent);
    write(join(home, "mine", partName(1)), one);
    expect(await installedModels()).toEqual([]);
    write(join(home, "mine", partName(2)), two);
    expect((await installedModels()).map(({ id }) => id)).toEqual(["medgemma-27b-it-BF16"]);
  });
});
