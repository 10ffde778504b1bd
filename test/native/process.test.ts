import { describe, expect, it } from "vitest";
import { busyPictures, cleanExit, runProgram } from "../run-program.js";

describe("a process", () => {
  it("that names no model, where none is installed, is warned of the demo model, once for each load", async () => {
    const body = `
      const medgemma = await loadMedGemma(process.env.NAMED, { gpu: "off" });
      console.log(medgemma.model.id, medgemma.model.warnings.length);
      await medgemma.dispose();`;
    const env = { MEDGEMMA_HOME: "/nowhere", NAMED: undefined };
    expect(await runProgram(body, { env })).toMatchObject({
      code: 0,
      stdout: "demo 1\n",
      stderr: expect.stringMatching(
        /^\(node:\d+\) MedGemmaWarning: No MedGemma is installed, so the demo model is used\./
      ) as string
    });
    expect(await runProgram(body, { env: { ...env, NAMED: "demo" } })).toMatchObject({
      ...cleanExit,
      stdout: "demo 0\n"
    });
  });

  it("exits by itself after dispose", async () => {
    const body = `
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      const chat = await medgemma.createChat();
      console.log((await chat.ask("Is there a cross?", { images: [film] })).text);
      await medgemma.dispose();`;
    const result = await runProgram(body);
    expect(result).toMatchObject(cleanExit);
    expect(result.stdout).toMatch(/^Yes/);
  });

  it("exits by itself when nobody disposes", async () => {
    const body = `
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      await (await medgemma.createChat()).ask("Is there a cross?", { images: [film] });`;
    expect(await runProgram(body)).toMatchObject(cleanExit);
  });

  it("stays alive while it encodes, though nothing else keeps it", async () => {
    const body = `
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      medgemma.encode([film]).then((tokens) => console.log("encoded", tokens.length));`;
    expect(await runProgram(body)).toMatchObject({ ...cleanExit, stdout: "encoded 1\n" });
  });

  it("exits at once in the middle of encoding", async () => {
    const body = `${busyPictures}
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      void medgemma.encode(pictures, { onProgress: () => process.exit(7) });`;
    expect(await runProgram(body)).toMatchObject({ ...cleanExit, code: 7 });
  });

  it("exits at once in the middle of an answer", async () => {
    const body = `
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      const chat = await medgemma.createChat();
      for await (const chunk of chat.ask("Describe the image.", { images: [film] })) process.exit(7);`;
    expect(await runProgram(body)).toMatchObject({ ...cleanExit, code: 7 });
  });

  it("exits in the middle of loading", async () => {
    expect(
      await runProgram(`void loadMedGemma("demo", { gpu: "off" }); setTimeout(() => process.exit(7), 400);`)
    ).toMatchObject({ ...cleanExit, code: 7 });
  });

  it("survives dispose in the middle of everything", async () => {
    const body = `${busyPictures}
      const medgemma = await loadMedGemma("demo", { gpu: "off" });
      const chat = await medgemma.createChat();
      const work = Promise.allSettled([medgemma.encode(pictures), chat.ask("Describe the image.", { images: [film] })]);
      await new Promise((resolve) => setTimeout(resolve, 30));
      await Promise.all([medgemma.dispose(), medgemma.dispose()]);
      console.log((await work).map(({ value, reason }) => reason?.code ?? value.stopReason).join(" "));
      await medgemma.createChat().catch((error) => console.log(error.code));`;
    expect(await runProgram(body)).toMatchObject({ ...cleanExit, stdout: "DISPOSED aborted\nDISPOSED\n" });
  });
});
