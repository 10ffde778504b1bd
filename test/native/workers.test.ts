import { describe, expect, it } from "vitest";
import { busyPictures, cleanExit, newWorker, runProgram } from "../run-program.js";
import { runWorkerRounds } from "../worker-rounds.js";

const answer = "Yes, at the middle center.";
const prelude = `import { Worker } from "node:worker_threads";
  const next = (worker, event) => new Promise((resolve, reject) => { worker.once(event, resolve); worker.once("error", reject); });`;

describe("four worker threads at once", () => {
  it("load, encode, answer and exit", async () => {
    for (const { answers, exitCodes, handles } of await runWorkerRounds(2, { kill: false })) {
      expect(answers).toEqual([answer, answer, answer, answer]);
      expect(exitCodes).toEqual([0, 0, 0, 0]);
      expect(handles).toEqual([]);
    }
  }, 120_000);

  it("do not mind that one of them is terminated while it loads, encodes or generates", async () => {
    const rounds = await runWorkerRounds(3, { kill: true });
    expect(rounds.map(({ killedAt }) => killedAt)).toEqual(["encode", "generate", "load"]);
    for (const { answers, exitCodes } of rounds) {
      expect(answers).toEqual([answer, null, answer, answer]);
      expect([exitCodes[0], exitCodes[2], exitCodes[3]]).toEqual([0, 0, 0]);
    }
  }, 180_000);
});

describe("a worker thread", () => {
  it("answers side by side with the main thread", async () => {
    const work = `
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      const chat = await medgemma.createChat();
      const { text } = await chat.ask("Is there a cross?", { images: [film] });
      await medgemma.dispose();
      parentPort.postMessage(text);`;
    const body = `${prelude}
      const message = next(${newWorker(work)}, "message");
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      const { text } = await (await medgemma.createChat()).ask("Is there a cross?", { images: [film] });
      await medgemma.dispose();
      console.log(text === await message);`;
    expect(await runProgram(body)).toMatchObject({ ...cleanExit, stdout: "true\n" });
  });

  // An answer that never comes to its end is being generated, in both threads, and many pictures are waiting.
  const endless = `
    const medgemma = await loadMedGemma("demo", { gpu: "off" });
    const chat = await medgemma.createChat();
    const schema = { type: "array", items: { type: "string" }, minItems: 1000 };`;
  const generate = (onText: string) =>
    `for await (const _ of chat.ask("Describe the image.", { images: [film], schema })) ${onText}`;

  it.each([
    [
      "encoding",
      `${busyPictures} ${endless} void medgemma.encode(pictures, { onProgress: () => parentPort.postMessage("busy") });`
    ],
    ["an answer", `${endless} ${generate('parentPort.postMessage("busy");')}`]
  ])(
    "may be terminated in the middle of %s, many times",
    async (_, work) => {
      const body = `${prelude}
      for (let round = 0; round < 8; round += 1) {
        const worker = ${newWorker(work)};
        await next(worker, "message");
        await new Promise((resolve) => setTimeout(resolve, round));
        await worker.terminate();
      }
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      console.log((await medgemma.encode([film])).length);
      await medgemma.dispose();`;
      expect(await runProgram(body, { limitMs: 150_000 })).toMatchObject({ ...cleanExit, stdout: "1\n" });
    },
    180_000
  );

  it("may end itself in the middle of an answer", async () => {
    const body = `${prelude}
      const worker = ${newWorker(`${endless} ${generate("process.exit(7);")}`)};
      console.log(await next(worker, "exit"));`;
    expect(await runProgram(body)).toMatchObject({ ...cleanExit, stdout: "7\n" });
  });

  it("does not keep process.exit in the main thread from ending the process, nor its code", async () => {
    const body = `${prelude}
      const workers = [${newWorker(`${endless} ${generate('parentPort.postMessage("busy");')}`)}, ${newWorker(`${endless} ${generate('parentPort.postMessage("busy");')}`)}];
      await Promise.all(workers.map((worker) => next(worker, "message")));
      process.exit(7);`;
    expect(await runProgram(body)).toMatchObject({ ...cleanExit, code: 7 });
  });

  it("says nothing on stderr when its answers are stopped, even if another thread started later", async () => {
    const work = `${endless}
      parentPort.postMessage("loaded");
      await new Promise((resolve) => parentPort.once("message", resolve));
      for (let delay = 0; delay < 10; delay += 1) {
        const reply = chat.ask("Describe the image.", { images: [film], schema });
        setTimeout(() => reply.abort(), delay * 3);
        await reply;
      }
      await medgemma.dispose();`;
    const body = `${prelude}
      const first = ${newWorker(work)};
      await next(first, "message");
      const second = ${newWorker(work)};
      await next(second, "message");
      const ended = next(second, "exit");
      second.postMessage("go");
      await ended;
      first.postMessage("go");
      console.log(await next(first, "exit"));`;
    expect(await runProgram(body)).toMatchObject({ ...cleanExit, stdout: "0\n" });
  });
});
