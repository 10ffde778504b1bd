// Prompt and generation speed of a text model, side by side with llama-bench, taking turns in one run.
//
//   npm run build
//   node bench/text.mjs --text MODEL.gguf --llama-bench PATH [--threads N] [--rounds 7] [--prompt 512] [--generate 64]
//
// llama-bench runs in a process of its own and measures only llama_decode; ours goes through the whole layer: node-llama-cpp,
// sampling over the vocabulary, detokenising. Each round is a pair; the ratio that counts is the median of the pairs' ratios.
import { spawnSync } from "node:child_process";
import { availableParallelism, cpus } from "node:os";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadParts } from "../dist/loading/load.js";

const { values: options } = parseArgs({
  options: {
    text: { type: "string" },
    "llama-bench": { type: "string" },
    threads: { type: "string", default: String(availableParallelism()) },
    rounds: { type: "string", default: "7" },
    prompt: { type: "string", default: "512" },
    generate: { type: "string", default: "64" },
    ours: { type: "boolean", default: false }
  }
});
const { text, threads } = options;
if (text === undefined) throw new Error("--text is needed");
const [promptTokens, generated] = [Number(options.prompt), Number(options.generate)];

/** This script again, as the process that measures us: --ours. */
if (options.ours) {
  const { parts } = await loadParts(
    { model: text },
    { gpu: "off", threads: Number(threads), contextSize: promptTokens + generated + 64 }
  );
  const { language } = parts;
  const digits = () => Array.from({ length: promptTokens }, () => Math.floor(Math.random() * 10)).join("");
  const run = async (length, count) => {
    const prompt = language.renderPrompt(null, [{ user: [digits()], answer: null }]).slice(-length);
    const times = [];
    const begin = performance.now();
    const made = [];
    while (made.length < count) {
      for await (const event of language.generate([...prompt, ...made], {
        maxTokens: count - made.length,
        temperature: 0
      })) {
        if (event.type !== "token") continue;
        made.push(event.token);
        times.push(performance.now());
      }
    }
    return { prompt: (length * 1000) / (times[0] - begin), generate: ((count - 1) * 1000) / (times.at(-1) - times[0]) };
  };
  await run(16, 2); // llama-bench warms up as well
  const { prompt } = await run(promptTokens, 1);
  const { generate } = await run(8, generated);
  console.log(JSON.stringify({ prompt, generate }));
  await language.dispose();
  await parts.vision?.dispose();
  process.exit(0);
}

if (options["llama-bench"] === undefined) throw new Error("--llama-bench is needed");

function lastLine(command, args) {
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(stderr.split("\n").slice(-10).join("\n"));
  return stdout;
}

function measureOurs() {
  const self = fileURLToPath(import.meta.url);
  return JSON.parse(
    lastLine(process.execPath, [
      self,
      "--ours",
      "--text",
      text,
      "--threads",
      threads,
      "--prompt",
      options.prompt,
      "--generate",
      options.generate
    ])
  );
}

function measureTheirs() {
  const args = [
    "-m",
    text,
    "-t",
    threads,
    "-p",
    options.prompt,
    "-n",
    options.generate,
    "-r",
    "1",
    "-ngl",
    "0",
    "-o",
    "json"
  ];
  const results = JSON.parse(lastLine(options["llama-bench"], args));
  const rate = (key) => results.find((result) => result[key] > 0)?.avg_ts ?? Number.NaN;
  return { prompt: rate("n_prompt"), generate: rate("n_gen") };
}

const pairs = [];
for (let round = 1; round <= Number(options.rounds); round += 1) {
  // Whoever comes second may find the machine in another mood: take turns in that, too.
  const first = round % 2 === 0 ? measureTheirs() : null;
  const ours = measureOurs();
  const theirs = first ?? measureTheirs();
  pairs.push({ ours, theirs });
  const told = ["prompt", "generate"].map((kind) => `${kind} ${ours[kind].toFixed(2)} : ${theirs[kind].toFixed(2)}`);
  console.error(`round ${round}: ${told.join(", ")}`);
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
console.log(`\n${cpus()[0].model}, ${threads} threads, ${text.split("/").at(-1)}\n`);
console.log(
  "| | medgemma-local, tokens/s | llama-bench, tokens/s | median of the pairs' ratios |\n| --- | --- | --- | --- |"
);
for (const [kind, name] of [
  ["prompt", `prompt of ${promptTokens}`],
  ["generate", `generation of ${generated}`]
]) {
  const of = (who) => median(pairs.map((pair) => pair[who][kind])).toFixed(2);
  console.log(
    `| ${name} | ${of("ours")} | ${of("theirs")} | ${median(pairs.map(({ ours, theirs }) => ours[kind] / theirs[kind])).toFixed(3)} |`
  );
}
