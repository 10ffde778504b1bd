// Whether two backends agree: image tokens and greedy answers of the same scenes, side by side. Run `npm run build` first.
//
//   python scripts/demo/scenes.py --seed 821 --count 50 --out build/scenes
//   node bench/backends.mjs --scenes build/scenes --gpu vulkan [--against off] [--model demo] [--mmproj PATH]
//
// Each backend runs in a process of its own, as it would for a user. Exits with 1 when an answer differs or a token's cosine
// is below 0.999.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadMedGemma } from "../dist/index.js";

const { values: options } = parseArgs({
  options: {
    scenes: { type: "string" },
    gpu: { type: "string" },
    against: { type: "string", default: "off" },
    model: { type: "string", default: "demo" },
    mmproj: { type: "string" },
    only: { type: "boolean", default: false }
  }
});
if (options.scenes === undefined || options.gpu === undefined) throw new Error("--scenes and --gpu are needed");

const scenes = readFileSync(join(options.scenes, "scenes.jsonl"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line));

/** This script again, as the process of one backend: --only. One scene a line. */
async function answerAll() {
  const medgemma = await loadMedGemma(options.model, { mmproj: options.mmproj, gpu: options.gpu });
  const { gpu, visionGpu } = medgemma.model;
  console.log(JSON.stringify({ gpu, visionGpu }));
  for (const { images, system, turns } of scenes) {
    const paths = images.map((name) => join(options.scenes, name));
    const encoded = await medgemma.encode(paths);
    const chat = await medgemma.createChat({ system: system ?? undefined });
    const texts = [];
    for (const [n, { user }] of turns.entries())
      texts.push((await chat.ask(user, { images: n === 0 ? paths : [], maxTokens: 200 })).text);
    await chat.dispose();
    const tokens = encoded.map(({ tokens, hiddenSize }) => ({
      hiddenSize,
      values: Buffer.from(tokens.buffer, tokens.byteOffset, tokens.byteLength).toString("base64")
    }));
    console.log(JSON.stringify({ texts, tokens }));
  }
  await medgemma.dispose();
}

function runOn(gpu) {
  const args = [
    fileURLToPath(import.meta.url),
    "--only",
    "--scenes",
    options.scenes,
    "--gpu",
    gpu,
    "--model",
    options.model
  ];
  if (options.mmproj !== undefined) args.push("--mmproj", options.mmproj);
  const { status, signal, stdout } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    maxBuffer: 1 << 30,
    stdio: ["ignore", "pipe", "inherit"]
  });
  if (status !== 0) throw new Error(`The process with --gpu ${gpu} failed (${signal ?? `exit code ${status}`}).`);
  const [used, ...answers] = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  if (used.gpu !== gpu) throw new Error(`Asked for ${gpu}, but ${used.gpu} computed.`);
  return { used, answers };
}

function floats({ values }) {
  const bytes = Buffer.from(values, "base64");
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** The least cosine of any token, and the largest difference of any value. */
function compare(one, other) {
  const [a, b] = [floats(one), floats(other)];
  let [least, largest] = [1, 0];
  for (let start = 0; start < a.length; start += one.hiddenSize) {
    let [dot, aa, bb] = [0, 0, 0];
    for (let n = start; n < start + one.hiddenSize; n += 1) {
      dot += a[n] * b[n];
      aa += a[n] * a[n];
      bb += b[n] * b[n];
      largest = Math.max(largest, Math.abs(a[n] - b[n]));
    }
    least = Math.min(least, dot / Math.sqrt(aa * bb));
  }
  return { least, largest };
}

if (options.only) {
  await answerAll();
} else {
  const [one, other] = [runOn(options.gpu), runOn(options.against)];
  const compared = scenes.flatMap((_, n) =>
    one.answers[n].tokens.map((tokens, image) => compare(tokens, other.answers[n].tokens[image]))
  );
  const differing = scenes.filter(
    (_, n) => JSON.stringify(one.answers[n].texts) !== JSON.stringify(other.answers[n].texts)
  );
  const least = Math.min(...compared.map(({ least }) => least));
  console.log(
    `${options.gpu} (images on ${one.used.visionGpu}) against ${options.against}: answers equal for ${scenes.length - differing.length} of ${scenes.length} scenes; ` +
      `least cosine of a token ${least.toFixed(7)} over ${compared.length} images, largest difference ${Math.max(...compared.map(({ largest }) => largest)).toExponential(1)}`
  );
  for (const scene of differing.slice(0, 5)) {
    const n = scenes.indexOf(scene);
    console.log(
      `  ${scene.images.join(", ")}: ${JSON.stringify(one.answers[n].texts)} | ${JSON.stringify(other.answers[n].texts)}`
    );
  }
  if (differing.length > 0 || !(least >= 0.999)) process.exitCode = 1;
}
