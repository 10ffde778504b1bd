// Loads, asks and stops a long conversation with the demo model, and tells the greatest delay of the event loop in each phase.
//   node bench/long-chat.mjs [exchanges 800] [images 40] [characters of one long text 0]
// worstMs is by the clock, so that whatever else runs on the machine counts; worstCpuMs is the main thread's own time (Linux).
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { clearInterval, setInterval } from "node:timers";
import { setTimeout as wait } from "node:timers/promises";
import { loadMedGemma } from "../dist/index.js";

const [exchanges = 800, pictures = 40, longText = 0] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), "medgemma-long-"));
const path = join(folder, "long.json");

/** Time that the main thread has computed. */
function cpuMs() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
  } catch {
    return 0; // another system
  }
}

async function watched(name, run) {
  const started = performance.now();
  let [last, lastCpu, worst, worstCpu] = [started, cpuMs(), 0, 0];
  const timer = setInterval(() => {
    const [now, cpu] = [performance.now(), cpuMs()];
    worst = Math.max(worst, now - last - 1);
    worstCpu = Math.max(worstCpu, cpu - lastCpu);
    [last, lastCpu] = [now, cpu];
  }, 1);
  const result = await run();
  await wait(5);
  clearInterval(timer);
  console.log(
    JSON.stringify({
      name,
      ms: Math.round(performance.now() - started),
      worstMs: Number(worst.toFixed(1)),
      worstCpuMs: Number(worstCpu.toFixed(1))
    })
  );
  return result;
}

/** Noise, which no PNG makes smaller. */
function picture(seed) {
  const rgb = new Uint8Array(448 * 448 * 3);
  let state = seed + 1;
  for (let at = 0; at < rgb.length; at += 1) {
    state = (state * 1103515245 + 12345) >>> 0;
    rgb[at] = state >>> 24;
  }
  return { source: `picture ${seed}`, width: 448, height: 448, rgb };
}

const medgemma = await loadMedGemma("demo", { gpu: "off" });

/** One saved exchange for each picture, as a chat writes it. */
async function savedTurn(seed) {
  const chat = await medgemma.createChat();
  await chat.ask("Describe the image.", { images: [picture(seed)], maxTokens: 1 });
  await chat.save(path);
  await chat.dispose();
  return JSON.parse(readFileSync(path, "utf8"));
}
const saved = await savedTurn(0);
const [turn] = saved.turns;
const images = [];
for (let seed = 0; seed < pictures; seed += 1) images.push((await savedTurn(seed)).turns[0].content[0]);
const every = Math.floor(exchanges / pictures);
const textOf = (index) =>
  longText > 0 && index === exchanges - 2
    ? "Describe the finding in the left lung, and compare it with the earlier one. ".repeat(longText / 76)
    : `Question ${index}: is there a circle, and where does it lie? ${"more words about the picture ".repeat(10)}`;
saved.turns = Array.from({ length: exchanges }, (_, index) => ({
  ...turn,
  content: [
    ...(index % every === 0 && images[index / every] !== undefined ? [images[index / every]] : []),
    { text: textOf(index) }
  ],
  answer: `Answer ${index}: a small bright circle at the middle left. ${"and further findings follow ".repeat(4)}`,
  stopReason: "end"
}));
writeFileSync(path, JSON.stringify(saved));
console.log(`${exchanges} exchanges, ${pictures} images, ${statSync(path).size} bytes`);

await watched("idle", () => wait(300));
const chat = await watched("load", () => medgemma.loadChat(path));
await watched("first answer", () => chat.ask("How many bright shapes are there?", { maxTokens: 20 }));
await watched("second answer", () => chat.ask("Is there a cross?", { maxTokens: 20 }));
await watched("save", () => chat.save(path));
await watched("regenerate", () => chat.regenerate({ maxTokens: 10 }));
await chat.dispose();
for (const after of [0, 5, 20, 50, 100, 200, 400]) {
  const other = await medgemma.loadChat(path);
  await watched(`stop after ${after} ms`, async () => {
    const reply = other.ask("Describe everything at length.", { maxTokens: 400 });
    await wait(after);
    const stopped = performance.now();
    reply.abort();
    const { stopReason } = await reply;
    console.log(`  ${stopReason} ${(performance.now() - stopped).toFixed(1)} ms after the stop`);
  });
  await other.dispose();
}
await medgemma.dispose();
rmSync(folder, { recursive: true });
