import { describe, expect, it } from "vitest";
import { dockerFolders, dockerNames } from "../../../src/models/stores/docker-model-runner.js";
import { huggingFaceFolders, huggingFaceRepository } from "../../../src/models/stores/hugging-face-cache.js";
import { janDataFolders, janSettingsFolders } from "../../../src/models/stores/jan.js";
import { llamaCppFolders } from "../../../src/models/stores/llama-cpp-cache.js";
import { lmStudioHomes, lmStudioPointer } from "../../../src/models/stores/lm-studio.js";
import { nodeLlamaCppFolder } from "../../../src/models/stores/node-llama-cpp.js";
import { ollamaFolders, ollamaName } from "../../../src/models/stores/ollama.js";
import type { Machine } from "../../../src/models/stores/store.js";

const linux = (env: NodeJS.ProcessEnv = {}): Machine => ({ platform: "linux", env, home: "/home/ada" });
const mac = (env: NodeJS.ProcessEnv = {}): Machine => ({ platform: "darwin", env, home: "/Users/ada" });
const windows = (env: NodeJS.ProcessEnv = {}): Machine => ({
  platform: "win32",
  env: { APPDATA: "C:\\Users\\ada\\AppData\\Roaming", LOCALAPPDATA: "C:\\Users\\ada\\AppData\\Local", ...env },
  home: "C:\\Users\\ada"
});

describe("where stores lie", () => {
  it("Ollama", () => {
    expect(ollamaFolders(linux())).toEqual(expect.arrayContaining(["/home/ada/.ollama/models", "/usr/share/ollama/.ollama/models"]));
    expect(ollamaFolders(mac())).toEqual(["/Users/ada/.ollama/models"]);
    expect(ollamaFolders(windows())).toEqual(["C:\\Users\\ada\\.ollama\\models"]);
    expect(ollamaFolders(linux({ OLLAMA_MODELS: ' "/data/ollama" ' }))).toEqual(["/data/ollama"]);
    expect(ollamaFolders(windows({ OLLAMA_MODELS: "D:\\models" }))).toEqual(["D:\\models"]);
  });

  it("LM Studio", () => {
    expect(lmStudioPointer(linux())).toBe("/home/ada/.lmstudio-home-pointer");
    expect(lmStudioHomes(linux())).toEqual(["/home/ada/.lmstudio", "/home/ada/.cache/lm-studio"]);
    expect(lmStudioHomes(windows())).toEqual(["C:\\Users\\ada\\.lmstudio", "C:\\Users\\ada\\.cache\\lm-studio"]);
  });

  it("the Hugging Face cache", () => {
    expect(huggingFaceFolders(linux())).toEqual(["/home/ada/.cache/huggingface/hub"]);
    expect(huggingFaceFolders(mac())).toEqual(["/Users/ada/.cache/huggingface/hub"]);
    expect(huggingFaceFolders(windows())).toEqual(["C:\\Users\\ada\\.cache\\huggingface\\hub"]);
    expect(huggingFaceFolders(linux({ XDG_CACHE_HOME: "/cache" }))).toEqual(["/cache/huggingface/hub"]);
    expect(huggingFaceFolders(linux({ HF_HOME: "~/hf", XDG_CACHE_HOME: "/cache" }))).toEqual(["/home/ada/hf/hub"]);
    expect(huggingFaceFolders(linux({ HUGGINGFACE_HUB_CACHE: "/old", HF_HOME: "/hf" }))).toEqual(["/old"]);
    expect(huggingFaceFolders(linux({ HF_HUB_CACHE: "/new", HUGGINGFACE_HUB_CACHE: "/old" }))).toEqual(["/new"]);
    expect(huggingFaceFolders(linux({ LLAMA_CACHE: "/llama" }))).toEqual(["/home/ada/.cache/huggingface/hub", "/llama"]);
  });

  it("llama.cpp's old cache", () => {
    expect(llamaCppFolders(linux())).toEqual(["/home/ada/.cache/llama.cpp"]);
    expect(llamaCppFolders(linux({ XDG_CACHE_HOME: "/cache" }))).toEqual(["/cache/llama.cpp"]);
    expect(llamaCppFolders(mac())).toEqual(["/Users/ada/Library/Caches/llama.cpp"]);
    expect(llamaCppFolders(windows())).toEqual(["C:\\Users\\ada\\AppData\\Local\\llama.cpp"]);
    expect(llamaCppFolders(mac({ LLAMA_CACHE: "/llama" }))).toEqual(["/llama"]);
  });

  it("node-llama-cpp", () => {
    expect(nodeLlamaCppFolder(linux())).toBe("/home/ada/.node-llama-cpp/models");
    expect(nodeLlamaCppFolder(windows())).toBe("C:\\Users\\ada\\.node-llama-cpp\\models");
  });

  it("Jan", () => {
    expect(janDataFolders(linux())).toEqual(expect.arrayContaining(["/home/ada/.local/share/Jan/data", "/home/ada/.config/Jan/data", "/home/ada/jan"]));
    expect(janDataFolders(linux({ XDG_DATA_HOME: "/data" }))).toContain("/data/Jan/data");
    expect(janDataFolders(mac())).toContain("/Users/ada/Library/Application Support/Jan/data");
    expect(janDataFolders(windows())).toContain("C:\\Users\\ada\\AppData\\Roaming\\Jan\\data");
    expect(janSettingsFolders(windows())).toContain("C:\\Users\\ada\\AppData\\Roaming\\Jan");
  });

  it("Docker Model Runner", () => {
    expect(dockerFolders(linux())).toEqual(["/home/ada/.docker/models"]);
    expect(dockerFolders(windows())).toEqual(["C:\\Users\\ada\\.docker\\models"]);
    expect(dockerFolders(mac({ MODELS_PATH: "/models" }))).toEqual(["/models", "/Users/ada/.docker/models"]);
  });
});

describe("names in stores", () => {
  it.each([
    ["registry.ollama.ai/library/medgemma1.5/4b", "medgemma1.5:4b"],
    ["registry.ollama.ai/alibayram/medgemma/latest", "alibayram/medgemma:latest"],
    ["hf.co/unsloth/medgemma-4b-it-GGUF/Q4_K_M", "hf.co/unsloth/medgemma-4b-it-GGUF:Q4_K_M"],
    ["registry.ollama.ai/library/medgemma1.5", null],
    ["registry.ollama.ai/library/a/b/c", null]
  ])("Ollama's manifest %s is %s", (manifest, name) => {
    expect(ollamaName(manifest)).toBe(name);
  });

  it.each([
    ["models--unsloth--medgemma-4b-it-GGUF", "unsloth/medgemma-4b-it-GGUF"],
    ["models--gpt2", null],
    ["datasets--owner--name", null],
    ["models--a--b--c", null],
    [".locks", null]
  ])("the hub's folder %s is %s", (folder, repository) => {
    expect(huggingFaceRepository(folder)).toBe(repository);
  });

  it("Docker's tags have short forms", () => {
    expect(dockerNames("index.docker.io/ai/medgemma:4B")).toEqual(["ai/medgemma:4B", "medgemma:4B"]);
    expect(dockerNames("hf.co/unsloth/medgemma-4b-it-gguf:latest")).toEqual(["hf.co/unsloth/medgemma-4b-it-gguf:latest"]);
  });
});
