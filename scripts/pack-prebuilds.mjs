// Gathers addons into prebuilds/, where the package ships them, and checks each. Takes the addons that were built here, or
// folders that hold them as <platform>-<arch>/medgemma-<backend>.node (the artifacts of a workflow).
//
//   node scripts/pack-prebuilds.mjs [FOLDER…] [--all]     --all: an error unless every platform is there
//   node scripts/pack-prebuilds.mjs --here                what `npm pack` does first: the addons of this machine are put beside
//                                                         those that are there; that they need a new system is said, not refused
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { checkAddon, checkReach } from "./binaries/check-addon.mjs";
import { builds } from "./binaries/platforms.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const { values: options, positionals: folders } = parseArgs({
  options: { all: { type: "boolean", default: false }, here: { type: "boolean", default: false } },
  allowPositionals: true
});
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const prebuilds = join(root, "prebuilds");
const here = `${process.platform}-${process.arch}/`;

const addons = Object.values(builds).flatMap((path) => {
  const places = folders.map((folder) => join(folder, path));
  if (path.startsWith(here) && folders.length === 0)
    places.push(join(root, "native", "build", path.slice(here.length)));
  if (options.here) places.push(join(prebuilds, path));
  const source = places.find((file) => existsSync(file));
  return source === undefined ? [] : [{ path, source, bytes: readFileSync(source) }];
});
const missing = Object.values(builds).filter((path) => !addons.some((addon) => addon.path === path));
const problems = addons.flatMap(({ path, source, bytes }) =>
  checkAddon(bytes, path, version).map((problem) => `${source}: ${problem}`)
);
const limits =
  problems.length > 0
    ? []
    : addons.flatMap(({ source, bytes }) => checkReach(bytes).map((limit) => `${source}: ${limit}`));
if (options.here && !options.all)
  limits.forEach((limit) => console.error(`Good only for systems as new as this one: ${limit}`));
else problems.push(...limits);
if (addons.length === 0 && !options.here) problems.push("There is no addon to pack. Run: npm run build:native");
if (options.all && missing.length > 0)
  problems.push(`Not every platform is there; missing: ${missing.join(", ")}. Each is built on its own system.`);

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exitCode = 1;
} else {
  rmSync(prebuilds, { recursive: true, force: true });
  for (const { path, bytes } of addons) {
    mkdirSync(dirname(join(prebuilds, path)), { recursive: true });
    writeFileSync(join(prebuilds, path), bytes);
    console.log(`prebuilds/${path}  ${Math.ceil(bytes.length / 1000)} kB`);
  }
  if (missing.length > 0) console.log(`Not there: ${missing.join(", ")}`);
}
