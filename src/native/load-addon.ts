/** Finds and loads the native addon, or says why it cannot be loaded and what to do. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { MedGemmaError } from "../errors.js";
import type { NativeAddon } from "./addon.js";
import { gpuBackends, type GpuBackend } from "./backend.js";

const require = createRequire(import.meta.url);

/** Where scripts/build-native.mjs puts the addon; the path is the same from src/ and from dist/. */
const buildFolder = fileURLToPath(new URL("../../native/build/", import.meta.url));

const loaded = new Map<GpuBackend, NativeAddon>();

/**
 * @param backend The addon is linked to the libraries of one backend, and must be that of the running node-llama-cpp.
 *   Default: one that is loaded already, else the first that is there; enough for pictures and projector files.
 * @throws MedGemmaError ADDON_MISSING
 */
export function loadAddon(backend?: GpuBackend): NativeAddon {
  const [any] = loaded.values();
  if (backend === undefined && any !== undefined) return any;
  const chosen = backend ?? (["off", ...gpuBackends] as const).find((name) => existsSync(addonPath(name))) ?? "off";
  const known = loaded.get(chosen);
  if (known !== undefined) return known;
  const addon = open(addonPath(chosen));
  addon.initialize(MedGemmaError);
  process.once("exit", () => addon.shutDown());
  loaded.set(chosen, addon);
  return addon;
}

/** Where the addon for a backend's libraries is looked for. */
export function addonPath(backend: GpuBackend): string {
  const { MEDGEMMA_ADDON } = process.env;
  if (MEDGEMMA_ADDON !== undefined && MEDGEMMA_ADDON !== "") return MEDGEMMA_ADDON;
  return `${buildFolder}medgemma-${backend === "off" ? "cpu" : backend}.node`;
}

function open(path: string): NativeAddon {
  if (!existsSync(path)) {
    throw new MedGemmaError("ADDON_MISSING", `The native addon ${path} is not built. Run in ${packageFolder()}: npm run build:native`);
  }
  try {
    return require(path) as NativeAddon;
  } catch (error) {
    const why = (error as Error).message.split("\n")[0] ?? "";
    throw new MedGemmaError(
      "ADDON_MISSING",
      `The native addon ${path} cannot be loaded (Node ${process.version}, ${process.platform}-${process.arch}): ${why}. ` +
        `Build it for this machine: npm run build:native in ${packageFolder()}.`,
      { cause: error }
    );
  }
}

function packageFolder(): string {
  return fileURLToPath(new URL("../../", import.meta.url));
}
