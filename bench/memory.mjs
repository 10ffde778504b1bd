// The memory that is estimated before a model is loaded, against what the process then takes, for one question with an image
// on the CPU. Linux only: /proc says how much of it are pages of files.
//
//   npm run build
//   node scripts/make-synthetic.mjs --out DIR
//   node bench/memory.mjs --text DIR/….gguf --mmproj DIR/….gguf [--mmproj …] [--contexts 2048,8192,32768] [--parts]
//       [--image FILE] [--max-tokens 4] [--json]
//
// Every row is a process of its own, the command line's `ask`. "measured" is its peak resident memory. --parts asks without an
// image too; the difference is what the tower works in.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { clearInterval, setInterval } from "node:timers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { memoryEstimator } from "../dist/memory/memory-estimate.js";
import { readTextModelFile } from "../dist/language/model-file.js";
import { loadAddon } from "../dist/native/load-addon.js";

const fromHere = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values: options } = parseArgs({
  options: {
    text: { type: "string", default: fromHere("../models/demo/medgemma-demo-F32.gguf") },
    mmproj: { type: "string", multiple: true, default: [fromHere("../models/demo/mmproj-F32.gguf")] },
    contexts: { type: "string", default: "2048,8192,32768" },
    image: { type: "string", default: fromHere("../models/demo/examples/film.png") },
    "max-tokens": { type: "string", default: "4" },
    parts: { type: "boolean", default: false },
    json: { type: "boolean", default: false }
  }
});

/** Peak of a question in bytes, split at that moment, and the tokens that it had. */
async function measure(mmproj, contextSize, images) {
  const question = ["ask", "Describe the image.", ...images, "--max-tokens", options["max-tokens"], "--json"];
  const model = ["-m", options.text, "--mmproj", mmproj, "--context", String(contextSize), "--gpu", "off"];
  const child = spawn(process.execPath, [fromHere("../dist/cli/main.js"), ...question, ...model]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const peak = { resident: 0, file: 0, anonymous: 0, most: 0 };
  const timer = setInterval(() => {
    let status;
    try {
      status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    } catch {
      return; // it ended
    }
    const bytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0) * 1024;
    peak.most = Math.max(peak.most, bytes("VmHWM"));
    if (bytes("VmRSS") > peak.resident)
      Object.assign(peak, { resident: bytes("VmRSS"), file: bytes("RssFile"), anonymous: bytes("RssAnon") });
  }, 10);
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  clearInterval(timer);
  if (code !== 0) throw new Error(output);
  const { usage } = JSON.parse(output);
  return { ...peak, tokens: usage.promptTokens + usage.completionTokens };
}

const addon = loadAddon();
const file = await readTextModelFile(options.text);
const rows = [];
for (const mmproj of options.mmproj) {
  const projector = await addon.inspectProjector(mmproj);
  for (const contextSize of options.contexts.split(",").map(Number)) {
    const measured = await measure(mmproj, contextSize, ["-i", options.image]);
    const estimateFor = (tokens) =>
      memoryEstimator(file, projector, addon, { gpu: "off", isUnified: false, parallel: 1, tokens })({
        contextSize,
        gpuLayers: 0,
        towerOnGpu: false
      });
    const { ram, cachedFileBytes } = estimateFor(measured.tokens);
    const withoutImage = options.parts ? await measure(mmproj, contextSize, []) : null;
    rows.push({
      mmproj: basename(mmproj),
      contextSize,
      tokens: measured.tokens,
      estimate: { ...ram, cachedFileBytes, peakBytes: ram.totalBytes + cachedFileBytes },
      fullContextBytes: estimateFor(undefined).ram.totalBytes + cachedFileBytes,
      measured: { peakBytes: measured.most, fileBytes: measured.file, anonymousBytes: measured.anonymous },
      ratio: (ram.totalBytes + cachedFileBytes) / measured.most,
      imageBytes: withoutImage === null ? null : measured.most - withoutImage.most
    });
    console.error(`${basename(mmproj)}, context ${contextSize}: done`);
  }
}

if (options.json) {
  console.log(JSON.stringify({ text: options.text, rows }));
} else {
  const mb = (bytes) => (bytes / 1e6).toFixed(0);
  console.log(`\n${basename(options.text)}, all in MB\n`);
  console.log(
    "| projector | context | program | weights | their file | KV cache | work | tower | its work | estimate | measured | ratio | with a full context |"
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const { mmproj, contextSize, estimate, measured, ratio, fullContextBytes } of rows) {
    const {
      processBytes,
      weightBytes,
      cachedFileBytes,
      keyValueBytes,
      workBytes,
      towerWeightBytes,
      towerWorkBytes,
      peakBytes
    } = estimate;
    const parts = [
      processBytes,
      weightBytes,
      cachedFileBytes,
      keyValueBytes,
      workBytes,
      towerWeightBytes,
      towerWorkBytes,
      peakBytes,
      measured.peakBytes
    ];
    console.log(
      `| ${mmproj} | ${contextSize} | ${parts.map(mb).join(" | ")} | ${ratio.toFixed(3)} | ${mb(fullContextBytes)} |`
    );
  }
  console.log("\nAt the peak, pages of files (weights and libraries) and memory of the process's own:\n");
  console.log(`| projector | context | files | own |${options.parts ? " tower's work, estimate | measured |" : ""}`);
  console.log(`| --- | --- | --- | --- |${options.parts ? " --- | --- |" : ""}`);
  for (const { mmproj, contextSize, estimate, measured, imageBytes } of rows) {
    const tower = imageBytes === null ? [] : [estimate.towerWorkBytes, imageBytes];
    console.log(
      `| ${mmproj} | ${contextSize} | ${[measured.fileBytes, measured.anonymousBytes, ...tower].map(mb).join(" | ")} |`
    );
  }
}
