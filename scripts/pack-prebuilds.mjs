// Gathers addons into prebuilds/, where the package ships them, and checks each. Takes the addons that were built here, or
// folders that hold them as <platform>-<arch>/medgemma-<backend>.node (the artifacts of a workflow).
//
//   node scripts/pack-prebuilds.mjs [FOLDER…] [--all]     --all: an error unless every platform is there
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { checkAddon } from "./binaries/check-addon.mjs";
import { builds } from "./binaries/platforms.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values: options, positionals: folders } = parseArgs({ options: { all: { type: "boolean", default: false } }, allowPositionals: true });
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const prebuilds = join(root, "prebuilds");
const here = `${process.platform}-${process.arch}/`;

const sources = Object.values(builds).flatMap((path) => {
  const found = folders.map((folder) => join(folder, path)).find((file) => existsSync(file));
  const built = path.startsWith(here) && folders.length === 0 ? join(root, "native", "build", path.slice(here.length)) : undefined;
  const source = found ?? (built !== undefined && existsSync(built) ? built : undefined);
  return source === undefined ? [] : [{ path, source }];
});
const missing = Object.values(builds).filter((path) => !sources.some((source) => source.path === path));
const problems = sources.flatMap(({ path, source }) => checkAddon(readFileSync(source), path, version).map((problem) => `${source}: ${problem}`));
if (sources.length === 0) problems.push("There is no addon to pack. Run: npm run build:native");
if (options.all && missing.length > 0) problems.push(`Not every platform is there; missing: ${missing.join(", ")}. Each is built on its own system.`);

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exitCode = 1;
} else {
  rmSync(prebuilds, { recursive: true, force: true });
  for (const { path, source } of sources) {
    mkdirSync(dirname(join(prebuilds, path)), { recursive: true });
    copyFileSync(source, join(prebuilds, path));
    console.log(`prebuilds/${path}  ${Math.ceil(statSync(source).size / 1000)} kB`);
  }
  if (missing.length > 0) console.log(`Not there: ${missing.join(", ")}`);
}
