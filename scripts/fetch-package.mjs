// Packages of the npm registry for platforms other than this one: fetched once, kept in a folder.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { readTar } from "./binaries/tar.mjs";

export const defaultCache = join(tmpdir(), "medgemma-node-llama-cpp-packages");

/** @returns {{ path: string, bytes: Buffer }[]} the files of a package whose path `isWanted`; from `cache` or the registry */
export function fetchPackage(name, version, cache, isWanted) {
  const file = `${name.replace(/^@/, "").replace("/", "-")}-${version}.tgz`;
  const path = join(cache, file);
  if (!existsSync(path)) {
    const partial = join(cache, "partial");
    mkdirSync(partial, { recursive: true });
    execFileSync("npm", ["pack", "--silent", "--pack-destination", partial, `${name}@${version}`], {
      stdio: ["ignore", "ignore", "inherit"],
      shell: process.platform === "win32"
    });
    renameSync(join(partial, file), path);
  }
  return readTar(gunzipSync(readFileSync(path)), isWanted);
}
