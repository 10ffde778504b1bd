import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const source = fileURLToPath(new URL("../src/", import.meta.url));

/** Which folders of src/ a folder may import values from. Types may come from anywhere but cli. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  ".": ["chat", "image", "models", "native", "presets", "series", "slide"],
  advice: ["bench", "chat", "language", "models", "native"],
  bench: ["chat", "image", "language", "native", "vision"],
  cli: ["advice", "bench", "chat", "dicom", "doctor", "formats", "hub", "image", "models", "native", "options", "presets", "series", "slide"],
  chat: ["gguf", "image", "language", "models", "native", "options", "presets", "schema", "series", "slide", "vision"],
  dicom: [],
  doctor: ["chat", "hub", "image", "language", "models", "native", "trial", "vision"],
  formats: ["dicom", "nifti"],
  gguf: [],
  hub: [],
  image: ["dicom", "formats", "native", "nifti", "options", "tiff"],
  language: ["gguf", "native", "schema", "trial"],
  vision: [],
  models: ["gguf", "hub", "native", "stores"],
  native: [],
  nifti: [],
  options: [],
  presets: ["image"],
  schema: [],
  series: ["dicom", "nifti", "options"],
  slide: ["dicom", "formats", "image", "native", "options", "tiff"],
  stores: [],
  tiff: [],
  trial: ["models", "native"]
};

/** Packages with one owner each. */
const owners: Readonly<Record<string, string>> = {
  "@eslint-community/regexpp": "schema",
  ajv: "schema",
  "ajv/dist/2020.js": "schema",
  "ajv-formats": "schema",
  "dcmjs-codecs": "dicom",
  "nifti-reader-js": "nifti",
  sharp: "image",
  undici: "hub",
  yargs: "cli",
  "node-llama-cpp": "language"
};

interface Import {
  readonly file: string;
  readonly folder: string;
  /** A folder of src/, or the name of a package. */
  readonly target: string;
  readonly isPackage: boolean;
  readonly isType: boolean;
}

function importsOf(path: string): Import[] {
  const file = relative(source, path).replaceAll(sep, "/");
  const folder = file.includes("/") ? (file.split("/")[0] ?? "") : ".";
  const pattern = /^(?:import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)"|(?:import|require)\w*\("([^"]+)"\)/gm;
  return [...readFileSync(path, "utf8").matchAll(pattern)].flatMap(([, type, from, dynamic]) => {
    const name = from ?? dynamic ?? "";
    if (name.startsWith("node:")) return [];
    const isPackage = !name.startsWith(".");
    const inside = relative(source, join(dirname(path), name)).replaceAll(sep, "/");
    const target = isPackage ? name : inside.includes("/") ? (inside.split("/")[0] ?? "") : ".";
    return [{ file, folder, target, isPackage, isType: type !== undefined }];
  });
}

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const imports = files.flatMap((name) => importsOf(join(source, name)));

describe("the architecture", () => {
  it("is read: every folder imports something", () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(new Set(files.map((name) => (name.includes(sep) ? name.split(sep)[0] : ".")))).toEqual(new Set(Object.keys(mayImport)));
  });

  it("lets a folder import values only from below", () => {
    // errors.ts, at the top, is everybody's.
    const wrong = imports.filter(({ folder, target, isPackage, isType }) => {
      return !isPackage && !isType && target !== folder && target !== "." && mayImport[folder]?.includes(target) !== true;
    });
    expect(wrong).toEqual([]);
  });

  it("lets nobody import from cli, not even a type", () => {
    expect(imports.filter(({ folder, target }) => target === "cli" && folder !== "cli")).toEqual([]);
  });

  it("gives each of the packages one owner", () => {
    const wrong = imports.filter(({ folder, target }) => (owners[target] ?? folder) !== folder);
    expect(wrong).toEqual([]);
    expect(new Set(imports.filter(({ target }) => target in owners).map(({ target }) => target))).toEqual(new Set(Object.keys(owners)));
  });

  it("keeps the inside of node-llama-cpp in one file", () => {
    const internals = /\b_(?:ctx|decodeTokens|sequenceId|backendContextDisposeGuard|model|llama|context|nextTokenIndex)\b/;
    const using = files.filter((name) => internals.test(readFileSync(join(source, name), "utf8")));
    expect(using.map((name) => name.replaceAll(sep, "/"))).toEqual(["language/image-prefill.ts"]);
  });
});
