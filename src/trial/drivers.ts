/** A key for what a backend's trial depends on: when one of it changes, the backend is tried again. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, type BigIntStats } from "node:fs";
import { hostname, release } from "node:os";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { addonCandidates } from "../native/candidates.js";
import { describePlatform } from "../native/platform.js";
import { packageVersion } from "../shared/package-version.js";
import type { TriedBackend } from "./trial.js";

/** Variables that choose drivers and devices, or change how they compute. */
const variables = /^(?:GGML_|CUDA_|VK_|NVIDIA_|MESA_|LVP_|RADV_|DRI_PRIME$|LD_LIBRARY_PATH$)/;

export function trialKey(backend: TriedBackend): string {
  const facts = [
    backend,
    packageVersion(),
    hostname(), // a home may be shared between machines
    describePlatform(),
    release(),
    ...Object.entries(process.env)
      .filter(([name]) => variables.test(name))
      .map(([name, value]) => `${name}=${String(value)}`)
      .sort(),
    ...addonCandidates(backend).map(({ path }) => stamp(path)),
    ...driverFiles().map(stamp),
    ...devices(),
    nvidiaVersion()
  ];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}

/** Size and time tell one version of a driver from the next. */
function stamp(path: string): string {
  const stat = look(path);
  return stat === null ? `${path} -` : `${path} ${stat.size} ${stat.mtimeNs}`;
}

/** @returns null where there is nothing, or nothing that may be looked at */
function look(path: string): BigIntStats | null {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return null;
  }
}

function driverFiles(): string[] {
  if (process.platform === "darwin") return []; // part of the system, whose release is in the key
  if (process.platform === "win32") {
    const system = join(process.env.SystemRoot ?? "C:\\Windows", "System32");
    return [
      ...["nvcuda.dll", "vulkan-1.dll"].map((name) => join(system, name)),
      join(system, "DriverStore", "FileRepository")
    ];
  }
  const manifests = vulkanManifests();
  return [...manifests, ...manifests.flatMap(librariesOf), ...findLibrary("libcuda.so.1")];
}

/** On Linux Vulkan's loader is often there without any driver, in containers and on servers. */
export function lacksVulkanDrivers(): boolean {
  return process.platform === "linux" && vulkanManifests().length === 0;
}

/** Where Vulkan's loader looks for drivers (its LoaderDriverInterface.md, "Driver Discovery on Linux"). */
function vulkanManifests(): string[] {
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES = VK_ICD_FILENAMES, VK_ADD_DRIVER_FILES } = process.env;
  const named = [VK_DRIVER_FILES, VK_ADD_DRIVER_FILES].flatMap((paths) => split(paths));
  const {
    HOME = "/nonexistent",
    XDG_CONFIG_HOME = join(HOME, ".config"),
    XDG_DATA_HOME = join(HOME, ".local", "share")
  } = process.env;
  const { XDG_CONFIG_DIRS = "/etc/xdg", XDG_DATA_DIRS = "/usr/local/share:/usr/share" } = process.env;
  const system = [
    XDG_CONFIG_HOME,
    ...split(XDG_CONFIG_DIRS),
    "/usr/local/etc",
    "/etc",
    XDG_DATA_HOME,
    ...split(XDG_DATA_DIRS)
  ];
  const folders = split(VK_DRIVER_FILES).length > 0 ? [] : system.map((folder) => join(folder, "vulkan", "icd.d"));
  // A path that is named may be a folder, too. One that is not there is kept: whoever named it wants to hear of it.
  return [...named, ...folders].flatMap((path) => {
    const isFolder = look(path)?.isDirectory() ?? folders.includes(path);
    return isFolder ? list(path).map((name) => join(path, name)) : [path];
  });
}

function split(paths = ""): string[] {
  return paths.split(delimiter).filter((path) => path !== "");
}

function librariesOf(manifest: string): string[] {
  try {
    const { ICD } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly ICD: { readonly library_path: string } };
    const path = ICD.library_path;
    return isAbsolute(path) ? [path] : path.includes("/") ? [resolve(dirname(manifest), path)] : findLibrary(path);
  } catch {
    return []; // the loader will say so
  }
}

function findLibrary(name: string): string[] {
  const triplet = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[process.arch as string] ?? process.arch;
  const folders = [
    ...(process.env.LD_LIBRARY_PATH?.split(delimiter) ?? []),
    `/usr/lib/${triplet}`,
    "/usr/lib64",
    "/usr/lib",
    "/usr/lib/wsl/lib"
  ];
  return folders.map((folder) => join(folder, name));
}

/** A GPU that comes or goes, also into a container, brings or takes its nodes. */
function devices(): string[] {
  return [...list("/dev").filter((name) => /^(?:nvidia|kfd$|dxg$|mali)/.test(name)), ...list("/dev/dri")].sort();
}

function nvidiaVersion(): string {
  try {
    return readFileSync("/proc/driver/nvidia/version", "utf8");
  } catch {
    return "";
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
