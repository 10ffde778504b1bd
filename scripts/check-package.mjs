// Whether others can install and import the package: publint and arethetypeswrong read a packed one as Node, bundlers and
// TypeScript do, and the licences must be inside. Takes a packed package, or packs this folder as it is. Opens no connection.
//
//   node scripts/check-package.mjs [FILE.tgz]
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { execSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { readTar } from "./binaries/tar.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** There are ES modules alone: require() gets them too, in the Nodes that `engines` asks for (test/require.test.ts). */
const intended = ["CJSResolvesToESM"];

function pack(folder) {
  const name = execSync(`npm pack --silent --ignore-scripts --pack-destination "${folder}"`, {
    cwd: root,
    encoding: "utf8"
  });
  return readFileSync(join(folder, name.trim()));
}

async function findProblems(tarball) {
  const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer }, strict: true });
  const { problems = [{ kind: "NoTypes" }] } = await checkPackage(createPackageFromTarballData(tarball));
  const packed = new Set(readTar(gunzipSync(tarball), () => true).map(({ path }) => path));
  return [
    ...messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`),
    ...problems
      .filter(({ kind }) => !intended.includes(kind))
      .map((problem) => `arethetypeswrong: ${JSON.stringify(problem)}`),
    ...["LICENSE", "NOTICE"].filter((name) => !packed.has(`package/${name}`)).map((name) => `${name} is not inside`)
  ];
}

const work = mkdtempSync(join(tmpdir(), "medgemma-package-"));
try {
  const [file] = process.argv.slice(2);
  const problems = await findProblems(file === undefined ? pack(work) : readFileSync(file));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
