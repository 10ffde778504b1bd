import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findStored } from "../../src/models/find-stored.js";
import { resolveModel } from "../../src/models/resolve-model.js";
import { storedModels } from "../../src/models/stored-models.js";
import { loadMedGemma } from "../../src/index.js";
import { demoProjector, demoText, film } from "../demo-model.js";
import { noOtherStores } from "../no-other-stores.js";
import { layouts, layOutHub, layOutLlamaCpp, layOutLmStudio, layOutOllama, put, putInHub, putInOllama, snapshotOf, write, writeKeys, writeNamed, writePart } from "../store-layouts.js";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "medgemma-stores-"));
  for (const [name, value] of Object.entries({ ...noOtherStores(home), MEDGEMMA_HOME: join(home, "weights") })) vi.stubEnv(name, value);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

const ids = async () => (await storedModels()).map(({ id }) => id);
const ollama = (manifest: string, layers: Parameters<typeof putInOllama>[2]) => putInOllama(join(home, ".ollama", "models"), manifest, layers);
const lmStudio = (...parts: string[]) => join(home, ".lmstudio", "models", ...parts);

// The folders are those of Linux; test/models/stores/paths.test.ts has the others.
describe.runIf(process.platform === "linux")("models of other programs", () => {
  it("are found in every store at once, each with its projector", async () => {
    for (const { layOut } of Object.values(layouts)) layOut(home);
    const found = await storedModels();
    expect(found.map(({ id }) => id).sort()).toEqual([...Object.values(layouts).map(({ id }) => id), "jan:medgemma-mine", "ollama:hf.co/unsloth/medgemma-4b-it-GGUF:Q4_K_M"].sort());
    for (const [store, { id }] of Object.entries(layouts)) {
      const model = found.find((one) => one.id === id);
      expect(model).toMatchObject({ store, kind: "text", takesImages: true, unsupported: null, byteLength: readFileSync(demoText).length + readFileSync(demoProjector).length });
      expect(await resolveModel(id)).toMatchObject({ id, text: model?.text, mmproj: model?.mmproj });
    }
    expect(found.find(({ id }) => id === "ollama:medgemma1.5:4b")?.aliases).toEqual(["ollama:medgemma1.5:latest"]);
    expect(found.find(({ id }) => id === "jan:medgemma-mine")).toMatchObject({ text: join(home, "Downloads", "weights.gguf"), takesImages: false });
  });

  it("give the demo's answer in the place of the demo", async () => {
    for (const { layOut } of Object.values(layouts)) layOut(home);
    for (const { id } of Object.values(layouts)) {
      await using medgemma = await loadMedGemma(id, { gpu: "off" });
      await using chat = await medgemma.createChat();
      const { text } = await chat.ask("Describe the image.", { images: [film] });
      expect([id, text]).toEqual([medgemma.model.id, "A small bright circle at the middle left. A small dark cross at the middle center. A small bright triangle at the bottom right."]);
    }
  });

  it("lie where variables, pointers and settings say", async () => {
    layOutOllama(home);
    layOutHub(home);
    layOutLlamaCpp(home);
    layOutLmStudio(home);
    const away = join(home, "elsewhere");
    execFileSync("mv", [join(home, ".ollama"), join(home, ".cache"), join(home, ".lmstudio"), "-t", (mkdirSync(away), away)]);
    expect(await ids()).toEqual([]);
    vi.stubEnv("OLLAMA_MODELS", join(away, ".ollama", "models"));
    vi.stubEnv("HF_HOME", join(away, ".cache", "huggingface"));
    vi.stubEnv("LLAMA_CACHE", join(away, ".cache", "llama.cpp"));
    write(join(home, ".lmstudio-home-pointer"), `${join(home, "lm")}\n`);
    write(join(home, "lm", "settings.json"), { downloadsFolder: join(away, ".lmstudio", "models") });
    expect((await ids()).map((id) => id.slice(0, id.indexOf(":")))).toEqual(["ollama", "ollama", "hf", "lmstudio", "llama.cpp"]);
  });

  it("are listed when their header says MedGemma, whatever they are called; other models only when somebody names them", async () => {
    await writeNamed(lmStudio("ada", "radiology-GGUF", "radiology-Q8_0.gguf"), "Medgemma 4b It");
    await writeNamed(lmStudio("google", "gemma-3-4b-it-GGUF", "gemma-3-4b-it-Q4_K_M.gguf"), "Gemma 3 4b It");
    await writeKeys(lmStudio("lmstudio-community", "medgemma-like-Qwen3-GGUF", "Qwen3-4B.gguf"), { "general.architecture": "qwen3" });
    await writeKeys(lmStudio("bartowski", "medgemma", "google_medgemma-4b-it-imatrix.gguf"), { "general.type": "imatrix" });
    await writeKeys(lmStudio("bartowski", "medgemma", "medgemma-lora.gguf"), { "general.architecture": "gemma3", "general.type": "adapter" });
    expect(await ids()).toEqual(["lmstudio:ada/radiology-GGUF/radiology-Q8_0.gguf"]);
    expect(await resolveModel("lmstudio:google/gemma-3-4b-it-GGUF")).toMatchObject({ text: lmStudio("google", "gemma-3-4b-it-GGUF", "gemma-3-4b-it-Q4_K_M.gguf") });
    await expect(resolveModel("lmstudio:lmstudio-community/medgemma-like-Qwen3-GGUF")).rejects.toMatchObject({ code: "MODEL_NOT_FOUND", message: expect.stringMatching(/not as a whole Gemma 3/) as string });
  });

  it("are resolved by names that are shorter, when it is clear which is meant", async () => {
    layOutOllama(home);
    layOutHub(home);
    expect((await findStored("ollama:medgemma1.5"))?.id).toBe("ollama:medgemma1.5:latest");
    expect((await findStored("ollama:hf.co/unsloth/medgemma-4b-it-GGUF"))?.id).toBe("ollama:hf.co/unsloth/medgemma-4b-it-GGUF:Q4_K_M");
    expect((await findStored("hf:unsloth/medgemma-1.5-4b-it-GGUF:Q4_K_M"))?.text).toContain("1fe03a2916e0a4ed250fdeedc3e56a94f3bf2a30");
    putInHub(join(home, ".cache", "huggingface", "hub"), "unsloth/medgemma-1.5-4b-it-GGUF", "medgemma-1.5-4b-it-Q8_0.gguf", demoText);
    rmSync(join(home, ".cache", "huggingface", "hub", "models--unsloth--medgemma-1.5-4b-it-GGUF", "blobs"), { recursive: true });
    await expect(findStored("hf:unsloth/medgemma-1.5-4b-it-GGUF")).resolves.toBeNull();
    layOutLlamaCpp(home);
    expect((await findStored("hf:unsloth/medgemma-1.5-4b-it-GGUF"))?.id).toBe(layouts["llama.cpp's cache"].id);
    await expect(resolveModel("hf:unsloth/medgemma-27b-it-GGUF:Q4_K_M")).rejects.toMatchObject({ code: "MODEL_NOT_FOUND", remedy: { command: "pull", argument: "hf:unsloth/medgemma-27b-it-GGUF:Q4_K_M" } });
    await expect(resolveModel("docker:medgemma")).rejects.toMatchObject({ code: "MODEL_NOT_FOUND", message: expect.stringContaining("Docker Model Runner") as string });
    await expect(resolveModel("ollama:")).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
  });

  it("that were pulled go before those in another program's cache", async () => {
    layOutHub(home);
    const folder = join(home, "weights", "unsloth--medgemma-1.5-4b-it-GGUF");
    put(demoText, join(folder, "medgemma-1.5-4b-it-Q4_K_M.gguf"));
    const record = { byteLength: 1, sha256: "a".repeat(64), source: "", verified: "" };
    write(join(folder, "medgemma-local.json"), { models: [{ id: layouts["Hugging Face cache"].id, text: "medgemma-1.5-4b-it-Q4_K_M.gguf", mmproj: null }], files: { "medgemma-1.5-4b-it-Q4_K_M.gguf": record } });
    expect(await resolveModel("hf:unsloth/medgemma-1.5-4b-it-GGUF:Q4_K_M")).toMatchObject({ id: layouts["Hugging Face cache"].id, text: join(folder, "medgemma-1.5-4b-it-Q4_K_M.gguf"), mmproj: null });
  });

  it("lie in a Hugging Face cache without links, and in several commits of it", async () => {
    const snapshot = (revision: string, name: string) => join(home, ".cache", "huggingface", "hub", "models--o--medgemma-GGUF", "snapshots", revision, name);
    put(demoText, snapshot("new", "medgemma-4b-it-Q4_K_M.gguf"));
    put(demoProjector, snapshot("old", "mmproj-F16.gguf"));
    put(demoText, snapshot("old", "medgemma-4b-it-Q4_K_M.gguf"));
    put(demoText, snapshot("old", "medgemma-4b-it-Q8_0.gguf"));
    write(join(snapshot("", ""), "..", "refs", "main"), "new\n");
    expect((await storedModels()).map(({ text, mmproj, files }) => [text, mmproj, files[0]?.sha256])).toEqual([
      [snapshot("new", "medgemma-4b-it-Q4_K_M.gguf"), snapshot("old", "mmproj-F16.gguf"), null],
      [snapshot("old", "medgemma-4b-it-Q8_0.gguf"), snapshot("old", "mmproj-F16.gguf"), null]
    ]);
  });

  it("are listed for a choice when a name can be several", async () => {
    put(demoText, lmStudio("unsloth", "medgemma-4b-it-GGUF", "medgemma-4b-it-Q4_K_M.gguf"));
    put(demoText, lmStudio("unsloth", "medgemma-4b-it-GGUF", "medgemma-4b-it-Q8_0.gguf"));
    await expect(findStored("lmstudio:unsloth/medgemma-4b-it-GGUF")).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringMatching(/Q4_K_M\.gguf, .*Q8_0\.gguf/) as string });
    expect((await findStored("lmstudio:unsloth/medgemma-4b-it-GGUF:Q8_0"))?.text).toMatch(/Q8_0\.gguf$/);
    expect((await findStored("lmstudio:unsloth/medgemma-4b-it-GGUF/medgemma-4b-it-Q8_0"))?.text).toMatch(/Q8_0\.gguf$/);
  });

  it("say what their hash must be where the store is named by it", async () => {
    layOutOllama(home);
    layOutHub(home);
    layOutLmStudio(home);
    const hashes = Object.fromEntries((await storedModels()).map(({ store, files }) => [store, files.map(({ sha256 }) => sha256)]));
    expect(hashes["Hugging Face cache"]?.every((sha256) => /^[0-9a-f]{64}$/.test(sha256 ?? ""))).toBe(true);
    expect(hashes.Ollama?.[0]).toBe(hashes["Hugging Face cache"]?.[0]);
    expect(hashes["LM Studio"]).toEqual([null, null]);
  });

  it("are not told again when they are in the folder of weights too", async () => {
    layOutOllama(home);
    const [first] = await storedModels();
    mkdirSync(join(home, "weights"));
    symlinkSync(first?.text ?? "", join(home, "weights", "medgemma-linked.gguf"));
    expect(await ids()).toEqual([]);
    rmSync(join(home, "weights", "medgemma-linked.gguf"));
    put(demoText, join(home, "weights", "medgemma.gguf"));
    const record = { byteLength: readFileSync(demoText).length, sha256: first?.files[0]?.sha256, source: "", verified: "" };
    write(join(home, "weights", "medgemma-local.json"), { models: [{ id: "x", text: "medgemma.gguf", mmproj: null }], files: { "medgemma.gguf": record } });
    expect(await ids()).toEqual([]);
  });

  it("that a LoRA adapter belongs to are not used without it", async () => {
    const adapter = join(home, "adapter.gguf");
    await writeKeys(adapter, { "general.architecture": "gemma3", "general.type": "adapter" });
    ollama("registry.ollama.ai/ada/medgemma-xray/latest", [["model", demoText], ["adapter", adapter]]);
    expect(await storedModels()).toMatchObject([{ id: "ollama:ada/medgemma-xray:latest", unsupported: expect.stringMatching(/LoRA adapter .*sha256-.* as lora/) as string }]);
    await expect(resolveModel("ollama:ada/medgemma-xray")).rejects.toMatchObject({ code: "MODEL_MISMATCH", remedy: { option: "model", also: ["lora"] } });
  });

  it("take no projector of another model", async () => {
    put(demoText, join(home, ".cache", "llama.cpp", "unsloth_medgemma-4b-it-GGUF_medgemma-4b-it-Q4_K_M.gguf"));
    put(demoProjector, join(home, ".cache", "llama.cpp", "ggml-org_gemma-3-4b-it-GGUF_mmproj-model-f16.gguf"));
    await writeKeys(lmStudio("o", "medgemma", "mmproj-F16.gguf"), { "general.architecture": "clip", "clip.projector_type": "mlp" });
    put(demoText, lmStudio("o", "medgemma", "medgemma-4b-it.gguf"));
    expect((await storedModels()).map(({ mmproj, takesImages }) => [mmproj, takesImages])).toEqual([
      [null, false],
      [null, false]
    ]);
  });

  it("that are split count as one, when all parts are there", async () => {
    const parts = [1, 2].map((part) => lmStudio("unsloth", "medgemma-27b-it-GGUF", "BF16", `medgemma-27b-it-BF16-0000${part}-of-00002.gguf`));
    for (const [index, path] of parts.entries()) await writePart(path, index, parts.length);
    put(demoProjector, lmStudio("unsloth", "medgemma-27b-it-GGUF", "mmproj-F16.gguf"));
    const byteLength = [...parts, demoProjector].reduce((sum, path) => sum + readFileSync(path).length, 0);
    expect(await storedModels()).toMatchObject([{ text: parts[0], takesImages: true, byteLength, files: [{ path: parts[0] }, { path: parts[1] }, {}] }]);
    expect((await findStored("lmstudio:unsloth/medgemma-27b-it-GGUF:BF16"))?.text).toBe(parts[0]);
    rmSync(parts[1] ?? "");
    expect(await ids()).toEqual([]);
    await expect(findStored("lmstudio:unsloth/medgemma-27b-it-GGUF")).rejects.toMatchObject({ code: "MODEL_NOT_FOUND", message: expect.stringMatching(/not as a whole/) as string });
  });
});

describe.runIf(process.platform === "linux")("a store that is broken or hostile", () => {
  it("does no harm, and hides no other", async () => {
    layOutOllama(home);
    layOutHub(home);
    const secret = join(home, "secret.gguf");
    put(demoText, secret);
    const models = join(home, ".ollama", "models");
    const manifest = (tag: string, content: string | object) => write(join(models, "manifests", "registry.ollama.ai", "library", "medgemma", tag), content);
    const layer = (digest: unknown, size?: number) => ({ layers: [{ mediaType: "application/vnd.ollama.image.model", digest, size }] });
    const blob = (name: string) => join(models, "blobs", `sha256-${name.repeat(64)}`);
    manifest("up", layer("sha256:x/../../../../secret.gguf"));
    manifest("up-64", layer(`sha256:${"../".repeat(21)}x`));
    manifest("absolute", layer(secret));
    manifest("number", layer(5));
    manifest("huge", `{"layers":[${'{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:00"},'.repeat(30_000)}{}]}`);
    manifest("no-json", "\0\0");
    manifest("null", "null");
    manifest("list", '{"layers":{"length":-1}}');
    manifest("missing", layer(`sha256:${"a".repeat(64)}`));
    put(demoText, blob("c"));
    manifest("too-short", layer(`sha256:${"c".repeat(64)}`, 20_000_000));
    writeFileSync(blob("d"), "GGUF");
    manifest("no-header", layer(`sha256:${"d".repeat(64)}`));
    mkdirSync(blob("e"));
    manifest("folder", layer(`sha256:${"e".repeat(64)}`));
    execFileSync("mkfifo", [blob("f")]);
    manifest("pipe", layer(`sha256:${"f".repeat(64)}`));

    const repository = lmStudio("medgemma", "medgemma-GGUF");
    mkdirSync(repository, { recursive: true });
    execFileSync("mkfifo", [join(repository, "medgemma-pipe.gguf")]);
    symlinkSync("../..", join(repository, "circle"));
    symlinkSync("medgemma-self.gguf", join(repository, "medgemma-self.gguf"));
    symlinkSync("nowhere", join(repository, "medgemma-dangling.gguf"));
    writeFileSync(join(repository, "medgemma\nid.gguf"), "");
    put(demoText, join(repository, "medgemma\u001b[2J.gguf"));
    writeFileSync(join(repository, "medgemma-text.gguf"), "no GGUF at all");
    writeFileSync(join(repository, "medgemma-half.gguf"), readFileSync(demoText).subarray(0, 5000));
    writeFileSync(join(repository, "medgemma-holes.gguf"), "GGUF");
    truncateSync(join(repository, "medgemma-holes.gguf"), 2 ** 24);
    for (let link = 0; link < 12; link += 1) symlinkSync(".", lmStudio(`again-${link}`));
    put(demoText, lmStudio("zoe", "medgemma-4b-it-GGUF", "medgemma-4b-it-Q4_K_M.gguf"));
    write(join(home, ".lmstudio-home-pointer"), "/nowhere\0");
    write(join(home, ".lmstudio", "settings.json"), { downloadsFolder: 5 });

    const hub = join(home, ".cache", "huggingface", "hub");
    write(join(hub, "models--..--..", "refs", "main"), "../../..");
    write(join(hub, "models--a--medgemma", "refs", "main"), "../../..");
    symlinkSync(home, join(hub, "models--b--medgemma"));

    const docker = join(home, ".docker", "models");
    write(join(docker, "models.json"), { models: [{ id: "sha256:../../x", tags: "medgemma" }, null, 5, { id: `sha256:${"a".repeat(64)}`, tags: ["medgemma\u001b[2J", 7] }] });
    write(join(docker, "manifests", "sha256", "a".repeat(64)), { layers: [{ mediaType: "application/vnd.docker.ai.gguf.v3", digest: "sha256:../../../secret.gguf" }] });
    write(join(home, ".local", "share", "Jan", "data", "llamacpp", "models", "medgemma", "model.yml"), "model_path: /dev/zero\nmmproj_path: ../../..\n");

    const before = snapshotOf(home);
    expect(await ids()).toEqual(["ollama:hf.co/unsloth/medgemma-4b-it-GGUF:Q4_K_M", "ollama:medgemma1.5:4b", layouts["Hugging Face cache"].id, "lmstudio:zoe/medgemma-4b-it-GGUF/medgemma-4b-it-Q4_K_M.gguf"]);
    expect(snapshotOf(home)).toEqual(before);
  });
});
