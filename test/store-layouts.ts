/** Lays out the stores of other programs in a home folder as they lie on Linux, with files of the demo model under real names. */
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { ggufTypes, readGgufHeader, type GgufValue } from "../src/gguf/header.js";
import { textValue, uint32Value, writeGguf } from "../src/gguf/write.js";
import { demoProjector, demoText } from "./demo-model.js";

const hashes = new Map<string, string>();

function sha256Of(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** Of a file that does not change. */
function hashOf(path: string): string {
  const sha256 = hashes.get(path) ?? sha256Of(path);
  hashes.set(path, sha256);
  return sha256;
}

/** The demo's file at another place, without a copy where the disk allows it. */
export function put(source: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  try {
    linkSync(source, path);
  } catch {
    copyFileSync(source, path);
  }
}

export function write(path: string, content: string | object): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
}

/** A GGUF file of keys alone: what a header says of a model that is not there. */
export async function writeKeys(path: string, keys: Readonly<Record<string, string>>): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  await writeGguf(
    path,
    await readGgufHeader(demoText),
    new Map(Object.entries(keys).map(([key, value]) => [key, textValue(value)])),
    []
  );
}

/** The demo model with another `general.name`. */
export async function writeNamed(path: string, name: string): Promise<void> {
  const header = await readGgufHeader(demoText);
  mkdirSync(dirname(path), { recursive: true });
  await writeGguf(
    path,
    header,
    new Map([...header.values, ["general.name", textValue(name)]]),
    header.tensors.map((from) => ({ name: from.name, from }))
  );
}

/** A part of the demo model, as gguf-split cuts it: each has its share of the tensors. */
export async function writePart(path: string, index: number, count: number): Promise<void> {
  const header = await readGgufHeader(demoText);
  const keys: [string, GgufValue][] = [
    ["split.no", uint16Value(index)],
    ["split.count", uint16Value(count)],
    ["split.tensors.count", { ...uint32Value(header.tensors.length), type: ggufTypes.int32 }]
  ];
  const share = Math.ceil(header.tensors.length / count);
  mkdirSync(dirname(path), { recursive: true });
  const tensors = header.tensors.slice(index * share, (index + 1) * share).map((from) => ({ name: from.name, from }));
  await writeGguf(path, header, new Map([...(index === 0 ? header.values : []), ...keys]), tensors);
}

function uint16Value(value: number): GgufValue {
  return { type: ggufTypes.uint16, bytes: Buffer.from(Uint16Array.of(value).buffer) };
}

/** @param layers Kind and file. @param root The folder with manifests and blobs. */
export function putInOllama(
  root: string,
  manifest: string,
  layers: readonly (readonly [kind: string, source: string])[]
): void {
  const described = layers.map(([kind, source]) => {
    const sha256 = hashOf(source);
    const blob = join(root, "blobs", `sha256-${sha256}`);
    if (!existsSync(blob)) put(source, blob);
    return {
      mediaType: `application/vnd.ollama.image.${kind}`,
      digest: `sha256:${sha256}`,
      size: statSync(source).size
    };
  });
  write(join(root, "manifests", manifest), {
    schemaVersion: 2,
    mediaType: "application/vnd.docker.distribution.manifest.v2+json",
    config: { mediaType: "application/vnd.docker.container.image.v1+json", digest: "sha256:00", size: 1 },
    layers: [{ mediaType: "application/vnd.ollama.image.license", digest: "sha256:11", size: 2 }, ...described]
  });
}

export function layOutOllama(home: string): void {
  const root = join(home, ".ollama", "models");
  mkdirSync(root, { recursive: true });
  putInOllama(root, "registry.ollama.ai/library/medgemma1.5/4b", [
    ["model", demoText],
    ["projector", demoProjector]
  ]);
  putInOllama(root, "registry.ollama.ai/library/medgemma1.5/latest", [
    ["model", demoText],
    ["projector", demoProjector]
  ]);
  putInOllama(root, "hf.co/unsloth/medgemma-4b-it-GGUF/Q4_K_M", [["model", demoText]]);
}

const commit = "1fe03a2916e0a4ed250fdeedc3e56a94f3bf2a30";

/** One file of a repository in the cache: a blob, and a link to it. */
export function putInHub(hub: string, repository: string, name: string, source: string, revision = commit): void {
  const folder = join(hub, `models--${repository.replace("/", "--")}`);
  const sha256 = hashOf(source);
  const blob = join(folder, "blobs", sha256);
  if (!existsSync(blob)) put(source, blob);
  const path = join(folder, "snapshots", revision, name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(relative(dirname(path), blob), path);
}

export function layOutHub(home: string): void {
  const hub = join(home, ".cache", "huggingface", "hub");
  const repository = "unsloth/medgemma-1.5-4b-it-GGUF";
  putInHub(hub, repository, "medgemma-1.5-4b-it-Q4_K_M.gguf", demoText);
  putInHub(hub, repository, "mmproj-F16.gguf", demoProjector);
  putInHub(hub, repository, "mmproj-BF16.gguf", demoProjector);
  // An earlier commit of the same file, and one that is still on its way.
  putInHub(hub, repository, "medgemma-1.5-4b-it-Q4_K_M.gguf", demoText, "0".repeat(40));
  const folder = join(hub, "models--unsloth--medgemma-1.5-4b-it-GGUF");
  write(join(folder, "refs", "main"), commit);
  write(join(folder, "blobs", `${"a".repeat(64)}.incomplete`), "GGUF");
}

export function layOutLmStudio(home: string): void {
  const models = join(home, ".lmstudio", "models");
  put(demoText, join(models, "lmstudio-community", "medgemma-4b-it-GGUF", "medgemma-4b-it-Q4_K_M.gguf"));
  put(demoProjector, join(models, "lmstudio-community", "medgemma-4b-it-GGUF", "mmproj-model-F16.gguf"));
  write(join(models, "lmstudio-community", "medgemma-4b-it-GGUF", "downloading_medgemma-4b-it-Q8_0.gguf.part"), "GGUF");
}

export function layOutLlamaCpp(home: string): void {
  const cache = join(home, ".cache", "llama.cpp");
  put(demoText, join(cache, "unsloth_medgemma-1.5-4b-it-GGUF_medgemma-1.5-4b-it-Q4_K_M.gguf"));
  put(demoProjector, join(cache, "unsloth_medgemma-1.5-4b-it-GGUF_mmproj-F16.gguf"));
  put(demoProjector, join(cache, "ggml-org_gemma-3-4b-it-GGUF_mmproj-model-f16.gguf"));
  write(join(cache, "unsloth_medgemma-1.5-4b-it-GGUF_medgemma-1.5-4b-it-Q4_K_M.gguf.json"), {});
}

export function layOutNodeLlamaCpp(home: string): void {
  const models = join(home, ".node-llama-cpp", "models");
  put(demoText, join(models, "hf_unsloth_medgemma-4b-it-Q4_K_M.gguf"));
  put(demoProjector, join(models, "hf_unsloth_medgemma-4b-it-GGUF_mmproj-F16.gguf"));
}

export function layOutJan(home: string): void {
  const models = join(home, ".local", "share", "Jan", "data", "llamacpp", "models");
  put(demoText, join(models, "unsloth", "medgemma-4b-it-Q4_K_M", "model.gguf"));
  put(demoProjector, join(models, "unsloth", "medgemma-4b-it-Q4_K_M", "mmproj.gguf"));
  write(
    join(models, "unsloth", "medgemma-4b-it-Q4_K_M", "model.yml"),
    "model_path: llamacpp/models/unsloth/medgemma-4b-it-Q4_K_M/model.gguf\nname: unsloth/medgemma-4b-it-Q4_K_M\n"
  );
  // Imported from where it lay.
  put(demoText, join(home, "Downloads", "weights.gguf"));
  write(
    join(models, "medgemma-mine", "model.yml"),
    `model_path: '${join(home, "Downloads", "weights.gguf")}'\nname: medgemma-mine\n`
  );
}

export function layOutDocker(home: string): void {
  const root = join(home, ".docker", "models");
  const manifest = "b".repeat(64);
  const layers = (
    [
      ["gguf.v3", demoText],
      ["mmproj", demoProjector]
    ] as const
  ).map(([type, source]) => {
    const sha256 = hashOf(source);
    put(source, join(root, "blobs", "sha256", sha256));
    return { mediaType: `application/vnd.docker.ai.${type}`, digest: `sha256:${sha256}`, size: statSync(source).size };
  });
  write(join(root, "manifests", "sha256", manifest), { schemaVersion: 2, layers });
  write(join(root, "models.json"), {
    models: [{ id: `sha256:${manifest}`, tags: ["index.docker.io/ai/medgemma:4B-Q4_K_M"], files: [] }]
  });
  write(join(root, "layout.json"), { version: "1.0.0" });
}

/** Each program, and the name that its model is listed by. */
export const layouts = {
  Ollama: { layOut: layOutOllama, id: "ollama:medgemma1.5:4b" },
  "Hugging Face cache": { layOut: layOutHub, id: "hf:unsloth/medgemma-1.5-4b-it-GGUF/medgemma-1.5-4b-it-Q4_K_M.gguf" },
  "LM Studio": {
    layOut: layOutLmStudio,
    id: "lmstudio:lmstudio-community/medgemma-4b-it-GGUF/medgemma-4b-it-Q4_K_M.gguf"
  },
  "llama.cpp's cache": {
    layOut: layOutLlamaCpp,
    id: "llama.cpp:unsloth_medgemma-1.5-4b-it-GGUF_medgemma-1.5-4b-it-Q4_K_M.gguf"
  },
  "node-llama-cpp": { layOut: layOutNodeLlamaCpp, id: "node-llama-cpp:hf_unsloth_medgemma-4b-it-Q4_K_M.gguf" },
  Jan: { layOut: layOutJan, id: "jan:unsloth/medgemma-4b-it-Q4_K_M" },
  "Docker Model Runner": { layOut: layOutDocker, id: "docker:medgemma:4B-Q4_K_M" }
} as const;

/** Path → what it is, to the byte and the time of its last change; links are not followed. */
export function snapshotOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).flatMap((name): [string, string][] => {
      const path = join(folder, name);
      const facts = lstatSync(path);
      const content = facts.isSymbolicLink() ? readlinkSync(path) : facts.isFile() ? sha256Of(path) : "";
      return [
        [path, `${facts.mode.toString(8)} ${facts.mtimeMs} ${content}`],
        ...(facts.isDirectory() ? Object.entries(snapshotOf(path)) : [])
      ];
    })
  );
}
