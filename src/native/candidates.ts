/** Where the addon for a backend may lie, in the order of trust. */
import { fileURLToPath } from "node:url";
import { unpackedPath } from "../shared/unpacked-path.js";
import type { GpuBackend } from "./backend.js";
import { prebuildFolder } from "./platform.js";

export interface Candidate {
  readonly origin: "MEDGEMMA_ADDON" | "local build" | "prebuild";
  readonly path: string;
}

/** The folder of this package; the path is the same from src/ and from dist/. */
export const packageFolder = fileURLToPath(new URL("../../", import.meta.url));

/** A path in MEDGEMMA_ADDON is the only candidate: whoever names a file wants that one, or to hear why not. */
export function addonCandidates(backend: GpuBackend): readonly Candidate[] {
  const { MEDGEMMA_ADDON } = process.env;
  if (MEDGEMMA_ADDON !== undefined && MEDGEMMA_ADDON !== "")
    return [{ origin: "MEDGEMMA_ADDON", path: MEDGEMMA_ADDON }];
  return [
    localBuild(backend),
    { origin: "prebuild", path: inPackage(`prebuilds/${prebuildFolder()}/${addonName(backend)}`) }
  ];
}

/** What scripts/build-native.mjs makes. */
export function localBuild(backend: GpuBackend): Candidate {
  return { origin: "local build", path: inPackage(`native/build/${addonName(backend)}`) };
}

function addonName(backend: GpuBackend): string {
  return `medgemma-${backend === "off" ? "cpu" : backend}.node`;
}

function inPackage(path: string): string {
  return unpackedPath(packageFolder + path);
}
