/** Loads the native addon: the first candidate that works, else one that is built now, else an error that tells everything. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { firstLine, MedGemmaError } from "../errors.js";
import type { NativeAddon } from "./addon.js";
import { gpuBackends, type GpuBackend } from "./backend.js";
import { buildFromSource } from "./build-from-source.js";
import { addonCandidates, localBuild, type Candidate } from "./candidates.js";
import { checkFits } from "./check-fits.js";
import { checkWhole } from "./check-whole.js";
import { loadHostLibraries } from "./host-libraries.js";
import { describePlatform, howToInstall } from "./platform.js";
import { ensureRoom } from "./process-limits.js";

const require = createRequire(import.meta.url);

/** One that works, one that waits for it. */
const threadsOfAddon = 2;
/** ggml's libraries, and a stack and an arena of the allocator for each thread. */
const addressSpaceOfAddon = 250e6;

const loaded = new Map<GpuBackend, { readonly addon: NativeAddon; readonly path: string }>();

/**
 * @param backend The addon is linked to the libraries of one backend, and must be that of the running node-llama-cpp.
 *   Default: one that is loaded already, else the first that is there; enough for pictures and projector files.
 * @throws MedGemmaError ADDON_MISSING, OUT_OF_MEMORY
 */
export function loadAddon(backend?: GpuBackend): NativeAddon {
  const [any] = loaded.values();
  if (backend === undefined && any !== undefined) return any.addon;
  const isThere = (name: GpuBackend) => addonCandidates(name).some(({ path }) => existsSync(path));
  const chosen =
    backend ??
    (["off", ...gpuBackends] as const).find(isThere) ??
    (process.platform === "darwin" && process.arch === "arm64" ? "metal" : "off");
  const known = loaded.get(chosen);
  if (known !== undefined) return known.addon;
  ensureRoom("The native addon", { threads: threadsOfAddon, bytes: addressSpaceOfAddon }); // else no binary "fits"
  const { addon, path } = loadFirst(chosen);
  addon.initialize(MedGemmaError);
  process.once("exit", () => addon.shutDown());
  loaded.set(chosen, { addon, path });
  return addon;
}

/** The file that was loaded for a backend; null: none yet. */
export function loadedAddonPath(backend: GpuBackend): string | null {
  return loaded.get(backend)?.path ?? null;
}

function loadFirst(backend: GpuBackend): { readonly addon: NativeAddon; readonly path: string } {
  const candidates = addonCandidates(backend);
  const isNamed = candidates[0]?.origin === "MEDGEMMA_ADDON";
  const tried: string[] = [];
  const tryOne = ({ origin, path }: Candidate): NativeAddon | null => {
    try {
      return open(path, backend);
    } catch (error) {
      tried.push(`${origin} ${path}: ${firstLine(error)}`);
      return null;
    }
  };
  for (const candidate of candidates) {
    const addon = tryOne(candidate);
    if (addon === null) continue;
    const [damaged] = tried.filter((line) => !line.endsWith(notThere));
    if (damaged !== undefined)
      process.emitWarning(
        `The ${damaged}. Using the ${candidate.origin} ${candidate.path} instead.`,
        "MedGemmaWarning"
      );
    return { addon, path: candidate.path };
  }
  if (!isNamed) {
    const reason = buildFromSource(backend);
    const built = localBuild(backend);
    const addon = reason === null ? tryOne(built) : null;
    if (addon !== null) return { addon, path: built.path };
    if (reason !== null) tried.push(`build from source: ${reason}`);
  }
  throw new MedGemmaError(
    "ADDON_MISSING",
    `The native addon cannot be loaded on ${describePlatform()}, backend ${backend === "off" ? "cpu" : backend}. Tried: ${tried.join("; ")}. ` +
      (isNamed ? "Correct MEDGEMMA_ADDON, or unset it." : howToInstall())
  );
}

const notThere = "is not there";

function open(path: string, backend: GpuBackend): NativeAddon {
  if (!existsSync(path)) throw new Error(notThere);
  checkWhole(path);
  checkFits(path);
  loadHostLibraries(backend);
  return require(path) as NativeAddon;
}
