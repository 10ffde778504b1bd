import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../cli/run-cli.js";
import { film } from "../demo-model.js";

const library = pathToFileURL(fileURLToPath(new URL("../../dist/index.js", import.meta.url))).href;
const folder = temporaryFolder();
let count = 0;

interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program in a process of its own, with the library imported and a film at hand. */
function run(body: string): Promise<Result> {
  count += 1;
  const path = join(folder, `program-${count}.mjs`);
  writeFileSync(path, `import { loadMedGemma } from ${JSON.stringify(library)};\nconst film = ${JSON.stringify(film)};\n${body}`);
  const child = spawn(process.execPath, [path], { stdio: ["ignore", "pipe", "pipe"], timeout: 30_000, killSignal: "SIGKILL" });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr })));
}

const clean = { code: 0, signal: null, stderr: "" };
/** Big enough to be still in work when the process ends. */
const busy = `
  const pictures = Array.from({ length: 40 }, (_, shade) => ({ source: "gray", width: 8, height: 8, rgb: new Uint8Array(192).fill(shade) }));
`;

describe("a process", () => {
  it("exits by itself after dispose", async () => {
    const body = `
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      const chat = await medgemma.createChat();
      console.log((await chat.ask("Is there a cross?", { images: [film] })).text);
      await medgemma.dispose();`;
    const result = await run(body);
    expect(result).toMatchObject(clean);
    expect(result.stdout).toMatch(/^Yes/);
  });

  it("exits by itself when nobody disposes", async () => {
    const body = `
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      await (await medgemma.createChat()).ask("Is there a cross?", { images: [film] });`;
    expect(await run(body)).toMatchObject(clean);
  });

  it("stays alive while it encodes, though nothing else keeps it", async () => {
    const body = `
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      medgemma.encode([film]).then((tokens) => console.log("encoded", tokens.length));`;
    expect(await run(body)).toMatchObject({ ...clean, stdout: "encoded 1\n" });
  });

  it("exits at once in the middle of encoding", async () => {
    const body = `${busy}
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      void medgemma.encode(pictures, { onProgress: () => process.exit(7) });`;
    expect(await run(body)).toMatchObject({ ...clean, code: 7 });
  });

  it("exits at once in the middle of an answer", async () => {
    const body = `
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      const chat = await medgemma.createChat();
      for await (const chunk of chat.ask("Describe the image.", { images: [film] })) process.exit(7);`;
    expect(await run(body)).toMatchObject({ ...clean, code: 7 });
  });

  it("exits in the middle of loading", async () => {
    expect(await run(`void loadMedGemma("demo", { gpu: "off" }); setTimeout(() => process.exit(7), 400);`)).toMatchObject({ ...clean, code: 7 });
  });

  it("survives dispose in the middle of everything", async () => {
    const body = `${busy}
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      const chat = await medgemma.createChat();
      const work = Promise.allSettled([medgemma.encode(pictures), chat.ask("Describe the image.", { images: [film] })]);
      await new Promise((resolve) => setTimeout(resolve, 30));
      await Promise.all([medgemma.dispose(), medgemma.dispose()]);
      console.log((await work).map(({ value, reason }) => reason?.code ?? value.stopReason).join(" "));
      await medgemma.createChat().catch((error) => console.log(error.code));`;
    expect(await run(body)).toMatchObject({ ...clean, stdout: "DISPOSED aborted\nDISPOSED\n" });
  });
});

describe("worker threads", () => {
  const worker = (work: string) => `
    import { parentPort } from "node:worker_threads";
    import { loadMedGemma } from ${JSON.stringify(library)};
    const film = ${JSON.stringify(film)};
    ${work}`;
  const start = (work: string) => `new Worker(new URL(${JSON.stringify(`data:text/javascript,${encodeURIComponent(worker(work))}`)}))`;
  const prelude = `import { Worker } from "node:worker_threads";
    const next = (worker, event) => new Promise((resolve, reject) => { worker.once(event, resolve); worker.once("error", reject); });`;

  it("answer side by side with the main thread", async () => {
    const work = `
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      const chat = await medgemma.createChat();
      const { text } = await chat.ask("Is there a cross?", { images: [film] });
      await medgemma.dispose();
      parentPort.postMessage(text);`;
    const body = `${prelude}
      const workers = [${start(work)}, ${start(work)}];
      const messages = workers.map((worker) => next(worker, "message"));
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      const { text } = await (await medgemma.createChat()).ask("Is there a cross?", { images: [film] });
      await medgemma.dispose();
      console.log(new Set([text, ...(await Promise.all(messages))]).size);`;
    expect(await run(body)).toMatchObject({ ...clean, stdout: "1\n" });
  });

  it("may be terminated in the middle of encoding", async () => {
    const work = `${busy}
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      void medgemma.encode(pictures, { onProgress: () => parentPort.postMessage("encoding") });`;
    const body = `${prelude}
      for (let round = 0; round < 5; round += 1) {
        const worker = ${start(work)};
        await next(worker, "message");
        await worker.terminate();
      }
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      console.log((await medgemma.encode([film])).length);
      await medgemma.dispose();`;
    expect(await run(body)).toMatchObject({ ...clean, stdout: "1\n" });
  });
});
