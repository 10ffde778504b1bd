// One image through the tower, side by side with other programs on the same files, taking turns in one run.
//
//   npm run build
//   node scripts/make-synthetic.mjs --out DIR
//   node bench/encode.mjs --text DIR/….gguf --mmproj DIR/….gguf --mtmd-cli PATH [--llama-node DIR]
//       [--image FILE] [--threads N] [--rounds 3] [--defaults-rounds 1] [--json]
//
// Competitors, each in a process of its own:
//   medgemma-local              this clone's command line, `encode`
//   llama-mtmd-cli, best        flash attention off, which is its fastest setting on a CPU
//   llama-mtmd-cli, defaults    in as many rounds as --defaults-rounds says: it takes minutes
//   @fugood/llama.node          from a folder where it is installed, once, stopped after ten minutes
// What is timed is what each program itself says that encoding took; loading is not part of it.
// scripts/reference/mtmd/build.sh builds llama-mtmd-cli from the source that node-llama-cpp's binaries are built from.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { clearTimeout, setTimeout } from "node:timers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({
  options: {
    text: { type: "string" },
    mmproj: { type: "string" },
    "mtmd-cli": { type: "string" },
    "llama-node": { type: "string" },
    image: { type: "string", default: fileURLToPath(new URL("../models/demo/examples/film.png", import.meta.url)) },
    threads: { type: "string", default: String(availableParallelism()) },
    rounds: { type: "string", default: "3" },
    "defaults-rounds": { type: "string", default: "1" },
    json: { type: "boolean", default: false }
  }
});
const { text, mmproj, image, threads } = options;
if (text === undefined || mmproj === undefined) throw new Error("--text and --mmproj are needed");
const folder = mkdtempSync(join(tmpdir(), "medgemma-bench-"));

/** Runs a program and gives what it wrote, stdout and stderr together. */
async function run(command, args, { timeoutMs = 1_800_000 } = {}) {
  const child = spawn(command, args, { cwd: folder });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  clearTimeout(timer);
  return { output, code };
}

/** Milliseconds, or null when the program did not say. */
const competitors = [
  {
    name: "medgemma-local",
    rounds: Number(options.rounds),
    async encodeMs() {
      const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
      const args = [
        "encode",
        image,
        "-o",
        join(folder, "tokens.npy"),
        "-m",
        text,
        "--mmproj",
        mmproj,
        "--gpu",
        "off",
        "--threads",
        threads,
        "--context",
        "512",
        "--json"
      ];
      const { output, code } = await run(process.execPath, [main, ...args]);
      if (code !== 0) throw new Error(output);
      return JSON.parse(output).images[0].encodeMs;
    }
  }
];
if (options["mtmd-cli"] !== undefined) {
  const mtmd = (name, rounds, extra) => ({
    name,
    rounds,
    async encodeMs() {
      const args = ["-m", text, "--mmproj", mmproj, "--image", image, "-p", "Hello", "-n", "1", "-c", "2048", ...extra];
      const { output } = await run(options["mtmd-cli"], args);
      const told = /(?:encoding done|slice encoded) in (\d+) ms/.exec(output)?.[1];
      if (told === undefined) throw new Error(output.split("\n").slice(-15).join("\n"));
      return Number(told);
    }
  });
  competitors.push(mtmd("llama-mtmd-cli, best", Number(options.rounds), ["-t", threads, "-fa", "off"]));
  competitors.push(mtmd("llama-mtmd-cli, defaults", Number(options["defaults-rounds"]), []));
}
if (options["llama-node"] !== undefined) {
  competitors.push({
    name: "@fugood/llama.node",
    rounds: 1,
    async encodeMs() {
      const script = join(folder, "llama-node.mjs");
      writeFileSync(
        script,
        `import { createRequire } from "node:module";
        const { loadModel } = createRequire(${JSON.stringify(join(options["llama-node"], "x.js"))})("@fugood/llama.node");
        const context = await loadModel({ model: ${JSON.stringify(text)}, n_ctx: 2048, n_threads: ${threads}, n_gpu_layers: 0 });
        await context.initMultimodal({ path: ${JSON.stringify(mmproj)}, use_gpu: false });
        const run = (content) => context.completion({ messages: [{ role: "user", content }], n_predict: 1, temperature: 0 });
        await run("Hello");
        const begin = performance.now();
        await run([{ type: "image_url", image_url: { url: ${JSON.stringify(image)} } }, { type: "text", text: "Hello" }]);
        console.log("took", performance.now() - begin);
        process.exit(0);`
      );
      const { output, code } = await run(process.execPath, [script], { timeoutMs: 600_000 });
      if (code === null) return null; // not finished in time
      const told = /took ([\d.]+)/.exec(output)?.[1];
      if (told === undefined) throw new Error(output.split("\n").slice(-15).join("\n"));
      return Number(told);
    }
  });
}

const times = new Map(competitors.map(({ name }) => [name, []]));
const most = Math.max(...competitors.map(({ rounds }) => rounds));
for (let round = 0; round < most; round += 1) {
  for (const { name, rounds, encodeMs } of competitors) {
    if (round >= rounds) continue;
    const ms = await encodeMs();
    times.get(name).push(ms);
    console.error(`round ${round + 1}: ${name}: ${ms === null ? "no result" : `${(ms / 1000).toFixed(2)} s`}`);
  }
}
rmSync(folder, { recursive: true });

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
const ours = median(times.get("medgemma-local"));
const rows = [...times].map(([name, list]) => {
  const known = list.filter((ms) => ms !== null);
  return { name, seconds: known.map((ms) => ms / 1000), ratio: known.length === 0 ? null : median(known) / ours };
});
if (options.json) {
  console.log(JSON.stringify({ machine: cpus()[0].model, threads: Number(threads), text, mmproj, image, rows }));
} else {
  console.log(`\n${cpus()[0].model}, ${threads} threads, ${mmproj.split("/").at(-1)}\n`);
  console.log("| program | seconds for one image | times medgemma-local |\n| --- | --- | --- |");
  for (const { name, seconds, ratio } of rows) {
    const list = seconds.length === 0 ? "not finished" : seconds.map((value) => value.toFixed(1)).join(", ");
    console.log(`| ${name} | ${list} | ${ratio === null ? "–" : ratio.toFixed(2)} |`);
  }
}
