/** Four worker threads that load, encode and answer at once, round after round; in some rounds one of them is terminated. */
import { newWorker, runProgram } from "./run-program.js";

export interface Round {
  /** Where the second worker was terminated; null: it was left in peace. */
  readonly killedAt: "load" | "encode" | "generate" | null;
  /** Of the four, in order: what each answered; null for one that was terminated. */
  readonly answers: readonly (string | null)[];
  /** What each worker ended with. */
  readonly exitCodes: readonly number[];
  /** When all four have ended and garbage is collected. */
  readonly residentBytes: number;
  /** Sources of modules do not count. */
  readonly openFiles: number | null;
  readonly threads: number | null;
  /** What keeps the main thread's event loop alive. */
  readonly handles: readonly string[];
}

/** @throws when the process does not end well; the message has its output. */
export async function runWorkerRounds(
  rounds: number,
  { kill, threads = 1 }: { readonly kill: boolean; readonly threads?: number }
): Promise<Round[]> {
  const work = `
    const tell = (stage) => parentPort.postMessage({ stage });
    tell("load");
    const medgemma = await loadMedGemma("demo", { gpu: "off", threads: ${threads} });
    tell("encode");
    const [{ tokens }] = await medgemma.encode([{ source: "gray", width: 300, height: 200, rgb: new Uint8Array(180_000).fill(workerData) }]);
    if (!tokens.every(Number.isFinite)) throw new Error("image tokens that are no numbers");
    const chat = await medgemma.createChat();
    let answer = "";
    for await (const { text } of chat.ask("Is there a cross?", { images: [film] })) {
      if (answer === "") tell("generate");
      answer += text;
    }
    await medgemma.dispose();
    parentPort.postMessage({ answer });`;
  const program = `
    import { readdirSync, readlinkSync } from "node:fs";
    import { Worker } from "node:worker_threads";
    const count = (folder) => { try { return readdirSync(folder).length; } catch { return null; } };
    // Node 20's own loader leaves sources of modules open when a thread is terminated while it imports.
    const isOurs = (descriptor) => { try { return !readlinkSync("/proc/self/fd/" + descriptor).endsWith(".js"); } catch { return false; } };
    const countFiles = () => { try { return readdirSync("/proc/self/fd").filter(isOurs).length; } catch { return null; } };
    function run(seed, killedAt, delayMs) {
      const worker = ${newWorker(work, "{ workerData: seed }")};
      return new Promise((resolve, reject) => {
        let answer = null;
        worker.on("error", reject);
        worker.on("exit", (exitCode) => resolve({ answer: killedAt === null ? answer : null, exitCode }));
        worker.on("message", (message) => {
          answer = message.answer ?? null;
          if (message.stage !== undefined && message.stage === killedAt) setTimeout(() => worker.terminate(), delayMs);
        });
      });
    }
    for (let round = 0; round < ${rounds}; round += 1) {
      const killedAt = ${String(kill)} ? ["encode", "generate", "load"][round % 3] : null;
      const ended = await Promise.all([0, 1, 2, 3].map((index) => run(round * 4 + index, index === 1 ? killedAt : null, (round * 7) % 30)));
      gc();
      console.log(JSON.stringify({
        killedAt,
        answers: ended.map(({ answer }) => answer),
        exitCodes: ended.map(({ exitCode }) => exitCode),
        residentBytes: process.memoryUsage.rss(),
        openFiles: countFiles(),
        threads: count("/proc/self/task"),
        handles: process.getActiveResourcesInfo().filter((name) => name !== "TTYWrap" && name !== "PipeWrap")
      }));
    }`;
  const { code, signal, stdout, stderr } = await runProgram(program, { limitMs: 60_000 * rounds });
  if (code !== 0 || stderr !== "")
    throw new Error(
      `The process ended with ${String(code ?? signal)} after ${stdout.split("\n").length - 1} rounds: ${stderr}`
    );
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Round);
}
