// Formats the C++ sources by .clang-format; with --check it changes nothing, names what is not formatted, and fails.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const clangFormat = createRequire(import.meta.url).resolve("clang-format");

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "build" ? [] : sources(path);
    return /\.(cpp|h)$/.test(entry.name) ? [relative(root, path)] : [];
  });
}

const mode = process.argv.includes("--check") ? ["--dry-run", "--Werror"] : ["-i"];
const program = join(dirname(clangFormat), "index.js");
const { status } = spawnSync(process.execPath, [program, ...mode, ...sources(join(root, "native"))], { cwd: root, stdio: "inherit" });
process.exitCode = status ?? 1;
