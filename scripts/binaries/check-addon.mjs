// What an addon must be before it may ship.
import { builds, hostLibraryKind, isHostSymbol, isMangledHostSymbol } from "./platforms.mjs";
import { readBinary } from "./read-binary.mjs";

/**
 * The newest versions that node-llama-cpp 3.21.1's own x64 and arm64 binaries need (libllama, libllama-common, libggml-*): who
 * can load them can load the addon.
 */
const newestAllowed = { GLIBC: "2.34", GLIBCXX: "3.4.30", CXXABI: "1.3.13", GCC: "7.0.0" };
/** Without ggml inside, with debugging information gone, it has 450 kB on Linux. */
const mostBytes = 1_500_000;
const formats = { linux: "elf", darwin: "mach-o", win32: "pe" };

function isNewer(version, limit) {
  const [a, b] = [version, limit].map((text) => text.split(".").map(Number));
  const at = a.findIndex((part, i) => part !== (b[i] ?? 0));
  return at !== -1 && a[at] > (b[at] ?? 0);
}

/** What is wrong with an addon that is to be prebuilds/<path> of a version of the package; empty when nothing is. */
export function checkAddon(bytes, path, version) {
  const [platform, arch] = path.split("/")[0].split("-");
  let binaries;
  try {
    binaries = readBinary(bytes);
  } catch (error) {
    return [error.message];
  }
  if (binaries.length !== 1) return ["a universal file; one architecture is expected"];
  const [binary] = binaries;
  const problems = [];
  if (binary.format !== formats[platform] || binary.arch !== arch) {
    problems.push(`is ${binary.format} for ${binary.arch}; expected ${formats[platform]} for ${arch}`);
  }
  if (!binary.exports.includes("napi_register_module_v1"))
    problems.push("exports no napi_register_module_v1, so it is no addon");
  // native/addon/addon.cpp; a zero byte ends it. The loader refuses an addon of another version.
  if (!bytes.includes(`medgemma-local addon ${version}\0`)) problems.push(`is not the addon of version ${version}`);
  const inside = binary.exports.filter((name) => isHostSymbol(name));
  if (inside.length > 0) problems.push(`exports ${inside[0]}: ggml must not be inside`);
  const mangled = binary.imports.filter((name) => isMangledHostSymbol(name));
  if (mangled.length > 0)
    problems.push(`imports ${mangled[0]}, which is C++: only C functions have the same name everywhere`);
  for (const kind of ["llama", "ggml", "ggml-base"]) {
    if (!binary.libraries.some((name) => hostLibraryKind(name) === kind))
      problems.push(`does not link ${kind} of node-llama-cpp`);
  }
  if (binary.format === "pe" && !binary.delayed.some((name) => name.toLowerCase() === "node.exe")) {
    problems.push(
      "does not load NODE.EXE with delay, so it works in no program of another name, as Electron's: build it with Microsoft's compiler"
    );
  }
  if (bytes.length > mostBytes) problems.push(`has ${bytes.length} bytes; at most ${mostBytes} are expected: strip it`);
  const build = Object.keys(builds).find((name) => builds[name] === path);
  const backend = /-(cuda|vulkan|metal)$/.exec(build)?.[1];
  const llama = binary.libraries.find((name) => hostLibraryKind(name) === "llama");
  if (llama !== undefined && (/\.(cuda|vulkan|metal)\./.exec(llama)?.[1] ?? undefined) !== backend) {
    problems.push(`links ${llama}, which is not that of ${build}`);
  }
  return problems;
}

/** Why an addon loads on fewer machines than node-llama-cpp; empty when it does not. */
export function checkReach(bytes) {
  return readBinary(bytes).flatMap(({ versions }) =>
    versions.flatMap((version) => {
      const [, family, number] = /^([A-Z]+)_([\d.]+)$/.exec(version) ?? [];
      const limit = newestAllowed[family];
      return limit !== undefined && isNewer(number, limit)
        ? [`needs ${version}, newer than the ${family}_${limit} that node-llama-cpp needs`]
        : [];
    })
  );
}
