// Builds the native code with AddressSanitizer and UndefinedBehaviorSanitizer, runs the native tests, and then the tests
// that drive the addon from JavaScript (worker threads, abort, exit in the middle of work) with it. Linux with GCC or Clang.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function run(command, args, env = {}) {
  const { status, signal } = spawnSync(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  if (status !== 0) throw new Error(`${command} ${args[0]} failed (${signal ?? `exit code ${status}`})`);
}

/** Node itself is not instrumented, so the sanitizers' libraries must be in the process before it. */
function sanitizerLibraries() {
  const compiler = process.env.CXX ?? "c++";
  const find = (name) => spawnSync(compiler, [`-print-file-name=${name}`], { encoding: "utf8" }).stdout.trim();
  return [find("libasan.so"), find("libubsan.so")].join(" ");
}

// One is about other addons than the one that is named; the other counts memory, of which the sanitizers take their own.
const excluded = ["test/native/load-addon.test.ts", "test/memory/memory-estimate.test.ts"];

run(process.execPath, [join("scripts", "build-native.mjs"), "--test", "--sanitize"]);
if (process.platform === "linux") {
  const tests = [
    "test/native",
    "test/chat",
    "test/language",
    "test/image",
    ...excluded.flatMap((path) => ["--exclude", path])
  ];
  run(process.execPath, [join("node_modules", "vitest", "vitest.mjs"), "run", ...tests], {
    MEDGEMMA_ADDON: join(root, "native", "build", "sanitize", "medgemma-cpu.node"),
    LD_PRELOAD: sanitizerLibraries(),
    // V8 frees nothing at exit.
    ASAN_OPTIONS: "detect_leaks=0"
  });
}
