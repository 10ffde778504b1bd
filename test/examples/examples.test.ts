import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { after, before, film } from "../demo-model.js";
import { startExample, type Running } from "./run-example.js";

const folder = mkdtempSync(join(tmpdir(), "medgemma-examples-"));
afterAll(() => rmSync(folder, { recursive: true }));

const filmText =
  "A small bright circle at the middle left. A small dark cross at the middle center. A small bright triangle at the bottom right.";

describe("node-batch", () => {
  const output = join(folder, "answers.jsonl");
  const run = () => startExample("node-batch/batch.mjs", [folder, output]);
  const lines = () =>
    readFileSync(output, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly file: string; readonly text?: string; readonly error?: string });

  beforeAll(() => {
    copyFileSync(film, join(folder, "b-film.png"));
    copyFileSync(after, join(folder, "c-after.png"));
    writeFileSync(join(folder, "a-damaged.png"), readFileSync(film).subarray(0, 300));
    writeFileSync(join(folder, "notes.txt"), "no picture");
  });

  it("writes one line for each picture, in order, and notes one that cannot be read", async () => {
    expect((await run().ended).code).toBe(0);
    expect(lines()).toMatchObject([
      { file: "a-damaged.png", error: "IMAGE_UNREADABLE" },
      { file: "b-film.png", text: filmText },
      { file: "c-after.png", text: "A large bright circle at the top right." }
    ]);
  });

  it("goes on behind the last whole line", async () => {
    copyFileSync(before, join(folder, "d-before.png"));
    appendFileSync(output, '{"file":"d-bef'); // a power cut
    const { code, stderr } = await run().ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "4/4 d-before.png\n" });
    expect(lines().map(({ file }) => file)).toEqual(["a-damaged.png", "b-film.png", "c-after.png", "d-before.png"]);
  });

  it("is stopped by Ctrl-C with whole lines", async () => {
    rmSync(output, { force: true });
    const running = run();
    await running.says(/1\/4/);
    running.child.kill("SIGINT");
    expect((await running.ended).code).toBe(130);
    expect(() => readFileSync(output, "utf8") === "" || lines()).not.toThrow();
  });
});

describe("node-server-minimal", () => {
  let server: Running;
  let port = 0;

  beforeAll(async () => {
    server = startExample("node-server-minimal/server.mjs", ["--port", "0"]);
    port = Number(/127\.0\.0\.1:(\d+)/.exec(await server.says(/127\.0\.0\.1:\d+/))?.[1]);
  });

  function ask(path: string, body: Buffer | string = "", headers: Record<string, string> = {}, method = "POST") {
    return new Promise<{
      readonly status: number | undefined;
      readonly pieces: readonly string[];
      readonly text: string;
    }>((resolve, reject) => {
      const sent = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
        const pieces: string[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece.toString()));
        response.on("end", () => resolve({ status: response.statusCode, pieces, text: pieces.join("") }));
        response.on("error", reject);
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }

  it("streams an answer", async () => {
    const { status, pieces, text } = await ask("/ask?question=Describe%20the%20image.", readFileSync(film));
    expect({ status, text }).toEqual({ status: 200, text: filmText });
    expect(pieces.length).toBeGreaterThan(3);
  });

  it("answers two at once", async () => {
    const both = await Promise.all(
      [film, after].map((path) => ask("/ask?question=Describe%20the%20image.", readFileSync(path)))
    );
    expect(both.map(({ text }) => text)).toEqual([filmText, "A large bright circle at the top right."]);
  });

  it("refuses web pages, other paths, no question, and what is no picture", async () => {
    const path = "/ask?question=Describe%20the%20image.";
    expect(await ask(path, "", { Origin: "https://example.org" })).toMatchObject({ status: 403 });
    expect(await ask(path, "", { Host: "example.org" })).toMatchObject({ status: 403 });
    expect(await ask("/", "", {}, "GET")).toMatchObject({ status: 404 });
    expect(await ask("/ask")).toMatchObject({ status: 400 });
    const { status, text } = await ask(path, "no picture");
    expect([status, JSON.parse(text)]).toMatchObject([400, { code: "IMAGE_UNREADABLE" }]);
  });

  it("goes on when a client hangs up", async () => {
    await new Promise<void>((resolve) => {
      const sent = request(
        { host: "127.0.0.1", port, path: "/ask?question=Describe%20the%20image.", method: "POST" },
        (response) => {
          response.once("data", () => sent.destroy());
        }
      );
      sent.on("close", resolve);
      sent.on("error", () => undefined);
      sent.end(readFileSync(film));
    });
    expect(await ask("/ask?question=Describe%20the%20image.", readFileSync(film))).toMatchObject({
      status: 200,
      text: filmText
    });
  });

  it("ends on SIGTERM", async () => {
    server.child.kill("SIGTERM");
    expect(await server.ended).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("worker-thread", () => {
  it("prints an answer as it comes, and ends", async () => {
    expect(await startExample("worker-thread/main.mjs", [film]).ended).toEqual({
      code: 0,
      stdout: `${filmText}\n`,
      stderr: ""
    });
  });

  it("says what is wrong", async () => {
    const { code, stderr } = await startExample("worker-thread/main.mjs", [join(folder, "none.png")]).ended;
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^IMAGE_NOT_FOUND: [^\n]+\n$/)]);
    expect(await startExample("worker-thread/main.mjs", [film, "--model", "nope"]).ended).toMatchObject({
      code: 1,
      stdout: ""
    });
  });
});
