/**
 * examples/electron as electron-builder lays it out: resources/app.asar, here a folder, and app.asar.unpacked beside it, by the
 * `asarUnpack` of the example. Electron shows an unpacked file at its place in the archive as well, but native code finds
 * nothing there: an empty file stands for it.
 */
import { fork, type ChildProcess } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { prebuildFolder } from "../../src/native/platform.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
export const exampleFolder = join(root, "examples", "electron");
const standIn = fileURLToPath(new URL("electron-stand-in.cjs", import.meta.url));

const { build } = JSON.parse(readFileSync(join(exampleFolder, "package.json"), "utf8")) as {
  readonly build: { readonly asarUnpack: readonly string[]; readonly linux: { readonly files: readonly string[] } };
};

/** "node_modules/@img/**" → "node_modules/@img/". */
export const unpackedFolders = build.asarUnpack.map((pattern) => pattern.replace(/\*\*$/, ""));

// Of "!node_modules/@img/sharp-linux-*/**" the start.
const leftOut =
  process.platform === "linux"
    ? build.linux.files.map((pattern) => pattern.replace(/^!/, "").replace(/\*.*$/, ""))
    : [];

export const isNative = (path: string) => /\.(?:node|dylib|dll|gguf|so(?:\.[\d.]+)?)$/.test(path);

/** @returns The folder of resources. "native": with sharp's own binaries on Linux too. */
export function packApp(folder: string, sharp: "as configured" | "native" = "as configured"): string {
  const resources = join(realpathSync(folder), sharp === "native" ? "native" : "resources");
  for (const name of readdirSync(exampleFolder)) pack(resources, join(exampleFolder, name), name);
  const own = "node_modules/medgemma-local";
  for (const name of ["package.json", "dist", "models"]) pack(resources, join(root, name), `${own}/${name}`);
  for (const name of readdirSync(join(root, "native", "build")).filter((file) => file.endsWith(".node"))) {
    pack(resources, join(root, "native", "build", name), `${own}/prebuilds/${prebuildFolder()}/${name}`);
  }
  for (const path of packages()) {
    if (sharp === "native" ? path.endsWith("wasm32") : leftOut.some((start) => path.startsWith(start))) continue;
    const holdsNative = path.startsWith("node_modules/@img/") || path.startsWith("node_modules/@node-llama-cpp/");
    // What asks where it lies must lie in the archive; the others may be links.
    if (holdsNative || path === "node_modules/node-llama-cpp" || path === "node_modules/sharp")
      pack(resources, join(root, path), path);
    else link(join(root, path), join(resources, "app.asar", path));
  }
  return resources;
}

/** Folders of what the package needs at run time and this machine has installed, without GPU packages, which are large. */
export function packages(): string[] {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  return Object.entries(lock.packages)
    .filter(
      ([path, { dev }]) =>
        path !== "" &&
        dev !== true &&
        path.lastIndexOf("node_modules") === 0 &&
        !/-(?:cuda|vulkan)/.test(path) &&
        existsSync(join(root, path))
    )
    .map(([path]) => path);
}

function pack(resources: string, from: string, name: string): void {
  if (statSync(from).isDirectory()) {
    for (const entry of readdirSync(from))
      if (entry !== "node_modules") pack(resources, join(from, entry), `${name}/${entry}`);
    return;
  }
  if (unpackedFolders.some((folder) => name.startsWith(folder))) copy(from, join(resources, "app.asar.unpacked", name));
  const packed = join(resources, "app.asar", name);
  if (isNative(name)) {
    mkdirSync(dirname(packed), { recursive: true });
    writeFileSync(packed, "");
  } else copy(from, packed);
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}

function link(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(from, to, "junction");
}

export interface ModelMessage {
  readonly id?: number;
  readonly text?: string;
  readonly isDone?: boolean;
  readonly stopReason?: string;
  readonly error?: string;
  readonly isLoaded?: boolean;
  readonly model?: string;
  readonly failed?: string;
}

export interface ModelProcess {
  readonly child: ChildProcess;
  readonly messages: readonly ModelMessage[];
  /** Resolves with the first message, of now or later, that fits. */
  message(fits: (message: ModelMessage) => boolean): Promise<ModelMessage>;
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

/** On Linux, Electron brings the system's GLib along, where it takes the place of the one in sharp's own binaries. */
function electronsLibraries(): NodeJS.ProcessEnv {
  if (process.platform !== "linux") return {};
  const folder = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"].find((path) =>
    existsSync(join(path, "libgio-2.0.so.0"))
  );
  return folder === undefined
    ? {}
    : {
        LD_PRELOAD: ["libglib-2.0.so.0", "libgobject-2.0.so.0", "libgio-2.0.so.0"]
          .map((name) => join(folder, name))
          .join(" ")
      };
}

/** The utility process of a packed app, by its own entry file. */
export function startModel(resources: string, model: string): ModelProcess {
  const messages: ModelMessage[] = [];
  let stderr = "";
  const child = fork(join(resources, "app.asar", "model.mjs"), [model], {
    execArgv: [],
    serialization: "advanced", // as structured as Electron's
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    env: {
      ...process.env,
      ...electronsLibraries(),
      NODE_OPTIONS: `--disable-warning=SharpElectronLinux --require ${JSON.stringify(standIn.split(sep).join("/"))}`, // sharp warns whoever uses it there
      MEDGEMMA_HOME: join(resources, "home")
    }
  });
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.on("message", (message) => messages.push(message as ModelMessage));
  const ended = new Promise<{ readonly code: number | null; readonly stderr: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, stderr }))
  );
  return {
    child,
    messages,
    message: (fits) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = messages.find(fits);
          if (found === undefined) return;
          child.off("message", look);
          resolve(found);
        };
        child.on("message", look);
        look();
        void ended.then(() =>
          reject(new Error(`It ended without that message: ${JSON.stringify(messages)} ${stderr}`))
        );
      }),
    ended
  };
}
