/** Models in Ollama's own layout: made into a pair once, answering as the original pair does. */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { inspectFile } from "../../src/loading/inspect.js";
import { loadMedGemma } from "../../src/index.js";
import { importModels } from "../../src/models/import.js";
import { installedModels } from "../../src/models/installed.js";
import { resolveModel } from "../../src/models/resolve-model.js";
import { unfinishedDownloads } from "../../src/models/unfinished.js";
import { verifyModels } from "../../src/models/verify.js";
import { demoProjector, demoText, film } from "../demo-model.js";
import { importKilledAt } from "../killed-import.js";
import { demoProjectorContent, demoTextContent, ollamaFile, withValues, write, type Content } from "../published-files.js";

const folder = mkdtempSync(join(tmpdir(), "medgemma-ollama-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** A blob as Ollama stores it: called by its hash. */
function blob(content: Content): string {
  const path = write(join(folder, "blobs", "new"), content);
  const named = join(folder, "blobs", `sha256-${sha256(path)}`);
  cpSync(path, named);
  rmSync(path);
  return named;
}

function emptyHome(): string {
  const home = mkdtempSync(join(folder, "home-"));
  vi.stubEnv("MEDGEMMA_HOME", home);
  return home;
}

async function answer(source: string | { readonly model: string; readonly mmproj: string }) {
  await using medgemma = await loadMedGemma(source, { gpu: "off" });
  await using chat = await medgemma.createChat();
  const { tokens, usage } = await chat.ask("Describe the image.", { images: [film] });
  await using thinking = await medgemma.createChat();
  const thought = await thinking.ask("Describe the image.", { images: [film], think: true });
  return { tokens, promptTokens: usage.promptTokens, thoughtTokens: thought.tokens, isSplit: thought.thought !== null };
}

describe("Ollama's single file", () => {
  let single = "";
  let original: Awaited<ReturnType<typeof answer>>;
  beforeAll(async () => {
    single = blob(ollamaFile());
    original = await answer("demo");
  });

  it("answers as the original pair, token for token, and is left as it was", async () => {
    emptyHome();
    const before = [sha256(single), statSync(single).mtimeMs];
    expect(await answer(single)).toEqual(original);
    expect(await answer(single)).toEqual(original); // the pair that is there now
    expect([sha256(single), statSync(single).mtimeMs]).toEqual(before);
    expect(await installedModels()).toHaveLength(1);
    expect((await verifyModels(undefined)).map(({ state }) => state)).toEqual(["whole", "whole"]);
  });

  it("gives weights that are the original's to the byte", async () => {
    emptyHome();
    const { text, mmproj } = await resolveModel(single);
    const weights = async (path: string) => {
      const { readGgufHeader } = await import("../../src/gguf/header.js");
      const { tensors, dataOffset } = await readGgufHeader(path);
      const file = readFileSync(path);
      return Object.fromEntries(tensors.map(({ name, shape, offset }) => [name, createHash("sha256").update(file.subarray(dataOffset + offset, dataOffset + offset + 4 * shape.reduce((a, b) => a * b))).digest("hex")]));
    };
    expect(await weights(text)).toEqual(await weights(demoText));
    expect(await weights(mmproj ?? "")).toEqual(await weights(demoProjector));
  });

  it("says once what it does and how much room it takes", async () => {
    const home = emptyHome();
    const notes: string[] = [];
    const onNote = (note: string) => notes.push(note);
    const first = await resolveModel(single, { onNote });
    expect(notes).toEqual([expect.stringMatching(/Ollama's own layout.*weights unchanged.*26 MB/)]);
    expect(notes[0]).toContain(home);
    expect(await resolveModel(single, { onNote })).toEqual(first);
    expect(notes).toHaveLength(1);
  });

  it("is named by inspect, with what to do", async () => {
    expect(await inspectFile(single)).toMatchObject({ kind: "ollama", layout: expect.stringContaining("Ollama's single file") as string, hasTower: true, use: expect.stringContaining("import") as string });
  });

  it("is imported under the file's name; two files of one name keep their own", async () => {
    emptyHome();
    const one = write(join(folder, "one", "medgemma-mine.gguf"), ollamaFile());
    const other = write(join(folder, "other", "medgemma-mine.gguf"), withValues(ollamaFile(), { "general.name": [8, "another"] }));
    const [first] = await importModels(one);
    const [second] = await importModels(other);
    expect(first?.id).toBe("medgemma-mine");
    expect(second?.id).toMatch(/^medgemma-mine-[0-9a-f]{12}$/);
    expect(await installedModels()).toHaveLength(2);
  });

  it.each<[string, Content]>([
    ["with the keys that newer converters add", withValues(ollamaFile(), { "gemma3.attention.layer_norm_rms_epsilon": [6, 1e-6], "gemma3.rope.freq_base": [6, 1e6], "gemma3.rope.scaling.type": [8, "linear"], "gemma3.rope.scaling.factor": [6, 8] })],
    ["with rope keys of older converters", withValues(ollamaFile(), { "gemma3.rope.global.freq_base": [6, 1e6], "gemma3.rope.local.freq_base": [6, 1e4] })],
    ["without a window", withValues(ollamaFile(), { "gemma3.attention.sliding_window": [4, 0], "tokenizer.ggml.eos_token_ids": undefined })],
    ["of the pair's own keys with a tower inside", { values: demoTextContent.values, tensors: [...demoTextContent.tensors, ...demoProjectorContent.tensors] }]
  ])("is read %s", async (_, content) => {
    emptyHome();
    const path = write(join(folder, "variant.gguf"), content);
    if (content.values.has("gemma3.vision.block_count")) expect((await answer(path)).tokens).toEqual(original.tokens);
    else await expect(answer(path)).rejects.toMatchObject({ code: "MODEL_CORRUPT", message: expect.stringContaining("gemma3.vision") as string });
  });

  it("of text alone answers as text", async () => {
    emptyHome();
    const path = write(join(folder, "text-only.gguf"), withValues(ollamaFile({ hasTower: false }), { "gemma3.context_length": [4, 131072] }));
    const { text, mmproj } = await resolveModel(path);
    expect(mmproj).toBeNull();
    const { memory, ...facts } = (await inspectFile(text)) as { kind: string; memory: unknown };
    expect(facts.kind).toBe("text");
    expect(memory).not.toBeNull();
  });

  it("survives a kill at any moment: nothing half-made is listed, and the next try finishes", async () => {
    const home = emptyHome();
    const before = sha256(single);
    for (let kill = 0; kill < 6; kill += 1) {
      await importKilledAt(kill * 4_000_000, single, home);
      const listed = await installedModels(home);
      for (const { parts, mmproj } of listed) expect([...parts, mmproj].every((path) => path !== null && existsSync(path))).toBe(true);
      if (listed.length > 0) break; // it was faster than the kill
    }
    expect(sha256(single)).toBe(before);
    expect(await importModels(single)).toHaveLength(1);
    expect((await verifyModels(undefined)).map(({ state }) => state)).toEqual(["whole", "whole"]);
    expect(await unfinishedDownloads()).toEqual([]);
  });

  it("that changed since is made anew", async () => {
    emptyHome();
    mkdirSync(join(folder, "changing"), { recursive: true });
    const path = write(join(folder, "changing", "medgemma.gguf"), ollamaFile());
    const first = await resolveModel(path);
    write(path, withValues(ollamaFile(), { "general.name": [8, "changed"] }));
    utimesSync(path, new Date(), new Date(Date.now() + 5000));
    expect((await resolveModel(path)).text).not.toBe(first.text);
  });
});
