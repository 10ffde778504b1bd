import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const source = fileURLToPath(new URL("../src/", import.meta.url));

/** The rooms of src/, the lowest first. A room imports from those before it; a room inside another one is listed by itself. */
const layers = [
  "remedy.ts",
  "errors.ts",
  "shared",
  "native",
  "gguf",
  "dicom",
  "nifti",
  "tiff",
  "formats",
  "image",
  "series",
  "slide",
  "presets",
  "vision",
  "models",
  "trial",
  "language/host",
  "language/schema",
  "language",
  "memory",
  "chat",
  "loading",
  "tools",
  "server",
  "index.ts",
  "cli"
];

/** Types that a room takes from those above it: the public shapes of a question, which presets fill in, and of loading; names of options. */
const typesFromAbove: Readonly<Record<string, readonly string[]>> = {
  presets: ["chat"],
  chat: ["loading"],
  "remedy.ts": ["image", "series", "slide", "chat", "loading"]
};

/** What runs as a process or a thread of its own: it may use all that is below cli. Only its own room starts it; nobody imports it. */
const programs = [
  "native/build-child.ts",
  "dicom/codec-worker.ts",
  "image/formats/jpeg-xl-worker.ts",
  "trial/trial-child.ts",
  "cli/main.ts"
];

/** Packages with one owner each. */
const owners: Readonly<Record<string, string>> = {
  "@eslint-community/regexpp": "language/schema/",
  "@hono/node-server": "server/",
  ajv: "language/schema/",
  "ajv/dist/2020.js": "language/schema/",
  "ajv-formats": "language/schema/",
  "dcmjs-codecs": "dicom/",
  hono: "server/",
  "lifecycle-utils": "language/host/",
  "nifti-reader-js": "nifti/",
  "node-llama-cpp": "language/host/",
  "prom-client": "server/",
  sharp: "image/",
  undici: "models/hub/",
  yargs: "cli/",
  zod: "server/"
};

interface Import {
  /** In src/. */
  readonly file: string;
  /** A file in src/, or the name of a package. */
  readonly target: string;
  readonly isPackage: boolean;
  readonly isType: boolean;
}

function importsOf(file: string): Import[] {
  const pattern = /^(?:import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)"|(?:import|require)\w*\("([^"]+)"\)/gm;
  return [...textOf(file).matchAll(pattern)].flatMap(([, type, from, dynamic]) => {
    const name = from ?? dynamic ?? "";
    if (name.startsWith("node:")) return [];
    const isPackage = !name.startsWith(".");
    const inside = relative(source, join(source, dirname(file), name)).replaceAll(sep, "/");
    return [{ file, target: isPackage ? name : inside.replace(/\.js$/, ".ts"), isPackage, isType: type !== undefined }];
  });
}

function textOf(file: string): string {
  return readFileSync(join(source, file), "utf8");
}

/** Of a path in src/. A folder that is missing in the layers is its own room. */
function roomOf(file: string): string {
  const room = layers.find((layer) => file === layer || file.startsWith(`${layer}/`));
  return room ?? file.split("/")[0] ?? "";
}

const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .map((name) => name.replaceAll(sep, "/"))
  .filter((name) => name.endsWith(".ts"));
const imports = files.flatMap(importsOf);

describe("the architecture", () => {
  it("is read, and each room has its place in the layers", () => {
    expect(imports.length).toBeGreaterThan(100);
    expect([...new Set(files.map(roomOf))].sort()).toEqual([...layers].sort());
  });

  it("lets a room import only from the rooms below it", () => {
    const wrong = imports.filter(({ file, target, isPackage, isType }) => {
      const [room, other] = [roomOf(file), roomOf(target)];
      if (isPackage || room === other || programs.includes(file)) return false;
      return (
        layers.indexOf(other) > layers.indexOf(room) && !(isType && typesFromAbove[room]?.includes(other) === true)
      );
    });
    expect(wrong).toEqual([]);
  });

  it("lets nobody import from cli, not even a type", () => {
    expect(imports.filter(({ file, target }) => roomOf(target) === "cli" && roomOf(file) !== "cli")).toEqual([]);
  });

  it("has each program started by its own room, and imported by nobody", () => {
    expect(imports.filter(({ target, isType }) => programs.includes(target) && !isType)).toEqual([]);
    for (const program of programs) {
      const name = `"${program.replace(/^.*\//, "").replace(/\.ts$/, ".js")}"`;
      const starters = files.filter((file) => textOf(file).includes(name));
      expect(starters.filter((file) => roomOf(file) !== roomOf(program))).toEqual([]);
      if (program !== "cli/main.ts") expect(starters).not.toEqual([]);
    }
  });

  it("gives each of the packages one owner", () => {
    const owned = imports.filter(({ isPackage }) => isPackage);
    expect(owned.filter(({ file, target }) => !file.startsWith(owners[target] ?? ""))).toEqual([]);
    expect([...new Set(owned.map(({ target }) => target))].filter((name) => name in owners).sort()).toEqual(
      Object.keys(owners).sort()
    );
  });

  it("keeps the internals of node-llama-cpp's objects in one file", () => {
    const internals =
      /\b_(?:ctx|decodeTokens|sequenceId|backendContextDisposeGuard|model|llama|context|nextTokenIndex)\b/;
    expect(files.filter((file) => internals.test(textOf(file)))).toEqual(["language/host/image-prefill.ts"]);
  });
});
