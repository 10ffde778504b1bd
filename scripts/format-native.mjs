// Formats the C++ sources by .clang-format; with --check it changes nothing, names what is not formatted, and fails.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { getNativeBinary } = createRequire(import.meta.url)("clang-format");

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "build" ? [] : sources(path);
    return /\.(cpp|h)$/.test(entry.name) ? [relative(root, path)] : [];
  });
}

/** Another version would format otherwise, so where the package has none for this platform (Linux on Arm) nothing else is taken. */
function findProgram() {
  try {
    const program = getNativeBinary();
    return spawnSync(program, ["--version"]).status === 0 ? program : undefined;
  } catch {
    return undefined;
  }
}

const isCheck = process.argv.includes("--check");
const program = findProgram();
if (program === undefined) {
  console.error(
    `clang-format has no program for ${process.platform}-${process.arch}: the C++ sources are not ${isCheck ? "checked" : "formatted"}.`
  );
  process.exitCode = isCheck ? 0 : 1;
} else {
  const mode = isCheck ? ["--dry-run", "--Werror"] : ["-i"];
  process.exitCode =
    spawnSync(program, [...mode, ...sources(join(root, "native"))], { cwd: root, stdio: "inherit" }).status ?? 1;
}
