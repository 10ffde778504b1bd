/**
 * The llama.cpp libraries that the addon is linked to: those of node-llama-cpp's package for this platform and backend.
 * A prebuild does not know where they lie, so node-llama-cpp's own addon is loaded first, which brings them along; the
 * system then finds them by name in the process.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { unpackedPath } from "../shared/unpacked-path.js";
import type { GpuBackend } from "./backend.js";
import { packageFolder } from "./candidates.js";

const require = createRequire(import.meta.url);

/** @throws Error with one line when the package is missing, or the system cannot load it */
export function loadHostLibraries(backend: GpuBackend): void {
  const name = hostPackage(backend);
  const folder = findPackage(`@node-llama-cpp/${name}`);
  if (folder === undefined) throw new Error(`node-llama-cpp's package @node-llama-cpp/${name} is not installed`);
  require(unpackedPath(join(folder, "bins", name, "llama-addon.node")));
}

/** @returns why a backend cannot be had from node-llama-cpp here, in one line without a full stop; null: its package is installed */
export function whyNoHostPackage(
  backend: GpuBackend
): { readonly isForThisPlatform: boolean; readonly reason: string } | null {
  const name = `@node-llama-cpp/${hostPackage(backend)}`;
  if (findPackage(name) !== undefined) return null;
  const host = nearestPackage("node-llama-cpp", packageFolder);
  const { optionalDependencies = {} } =
    host === undefined
      ? {}
      : (JSON.parse(readFileSync(join(host, "package.json"), "utf8")) as { optionalDependencies?: object });
  return name in optionalDependencies
    ? { isForThisPlatform: true, reason: `node-llama-cpp's package ${name} is not installed` }
    : { isForThisPlatform: false, reason: `node-llama-cpp has no ${backend} for ${process.platform}-${process.arch}` };
}

/** node-llama-cpp's name of a backend's package: "linux-x64-vulkan", "mac-arm64-metal", "win-x64". */
function hostPackage(backend: GpuBackend): string {
  const platform = { linux: "linux", darwin: "mac", win32: "win" }[process.platform as string] ?? process.platform;
  const arch = process.arch === "arm" ? "armv7l" : process.arch;
  return `${platform}-${arch}${backend === "off" ? "" : `-${backend}`}`;
}

/** From here, and from node-llama-cpp itself: pnpm lets only it see its platform packages. */
function findPackage(name: string): string | undefined {
  const own = nearestPackage(name, packageFolder);
  if (own !== undefined) return own;
  const host = nearestPackage("node-llama-cpp", packageFolder);
  return host === undefined ? undefined : nearestPackage(name, realpathSync(host));
}

/** As Node finds it, whatever the package's exports allow. */
function nearestPackage(name: string, from: string): string | undefined {
  const folders = createRequire(pathToFileURL(join(from, "package.json"))).resolve.paths(name) ?? [];
  const manifest = folders.map((folder) => join(folder, name, "package.json")).find((path) => existsSync(path));
  return manifest === undefined ? undefined : dirname(manifest);
}
