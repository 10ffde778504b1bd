// Whether every function that our addon imports from llama.cpp and ggml is there, in the libraries that we link, in every
// platform package of node-llama-cpp: what can be known about Windows and macOS without them. Packages come from the npm
// registry, once; they are kept in the cache folder.
//
//   node scripts/check-symbols.mjs [--cache FOLDER] [--addon FILE.node]
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { checkExports } from "./binaries/check-exports.mjs";
import { builds, hostLibraryKind, isHostSymbol, isMangledHostSymbol } from "./binaries/platforms.mjs";
import { readBinary } from "./binaries/read-binary.mjs";
import { defaultCache, fetchPackage } from "./fetch-package.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values: options } = parseArgs({
  options: {
    cache: { type: "string", default: defaultCache },
    addon: { type: "string", default: join(root, "native", "build", "medgemma-cpu.node") }
  }
});

const [addon] = readBinary(readFileSync(options.addon));
const imports = addon.imports.filter(isHostSymbol);
const mangled = addon.imports.filter(isMangledHostSymbol);
const { optionalDependencies } = JSON.parse(
  readFileSync(join(root, "node_modules", "node-llama-cpp", "package.json"), "utf8")
);
let failed = mangled.length > 0 || imports.length === 0;
if (mangled.length > 0)
  console.error(`The addon imports C++ names, which differ between compilers: ${mangled.join(", ")}`);
if (imports.length === 0) console.error("The addon imports nothing from llama.cpp: it is not ours.");

for (const [name, version] of Object.entries(optionalDependencies)) {
  const libraries = [];
  const files = fetchPackage(
    name,
    version,
    options.cache,
    (path) => hostLibraryKind(path.split("/").at(-1)) !== undefined
  );
  for (const { path, bytes } of files) {
    const file = path.split("/").at(-1);
    // The name inside is what a loader compares; Windows and Linux link by it, macOS with @rpath before it.
    for (const binary of readBinary(bytes)) libraries.push({ name: binary.name, exports: binary.exports, file });
  }
  const build = name.slice(name.indexOf("/") + 1);
  // The -ext packages are what the plain CUDA ones load for other generations of GPUs.
  const isExtension = build.endsWith("-ext");
  const problems = isExtension
    ? libraries.length === 0
      ? []
      : ["it has libraries of its own that we do not link"]
    : [
        ...checkExports(imports, libraries),
        ...libraries
          .filter((library) => !library.name.endsWith(library.file))
          .map((library) => `${library.file} is called ${library.name} inside`)
      ];
  failed ||= problems.length > 0;
  const verdict = isExtension
    ? "adds to the one before, no library that we link"
    : `${imports.length} of ${imports.length} functions in ${libraries.map((library) => library.file).join(", ")}`;
  console.log(
    `${problems.length > 0 ? "WRONG" : "ok   "} ${build}: ${problems.length > 0 ? problems.join("; ") : verdict}${!isExtension && builds[build] === undefined ? " (no prebuilt addon: built from source)" : ""}`
  );
}
if (failed) process.exitCode = 1;
