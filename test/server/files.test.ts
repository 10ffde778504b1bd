/** /v1/files: what is sent once and asked about often. */
import { createReadStream, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServer, loadMedGemma, readSeries, type MedGemma, type MedGemmaServer } from "../../src/index.js";
import { film } from "../demo-model.js";

const slices = new URL("../fixtures/series/reversed/", import.meta.url).pathname;
let medgemma: MedGemma;
let server: MedGemmaServer;
let client: OpenAI;
beforeAll(async () => {
  medgemma = await loadMedGemma("demo", { gpu: "off", parallel: 2, contextSize: 4096 });
  server = await createServer({ model: medgemma, maxFileBytes: 20_000_000 });
  client = new OpenAI({ baseURL: `${await server.listen({ port: 0 })}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(async () => {
  await server.close();
  await medgemma.dispose();
});

const send = async (path: string) => await client.files.create({ file: createReadStream(path), purpose: "vision" });
const ask = async (content: unknown) =>
  await client.chat.completions.create({
    model: "demo",
    messages: [{ role: "user", content: content as OpenAI.ChatCompletionContentPart[] }]
  });
const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("medgemma-files-"));

describe("A file", () => {
  it("is an image of a question by its id", async () => {
    const { id, bytes } = await send(film);
    expect(bytes).toBe(readFileSync(film).byteLength);
    const made = await ask([
      { type: "file", file: { file_id: id } },
      { type: "text", text: "Describe the image." }
    ]);
    await using chat = await medgemma.createChat();
    const expected = await chat.ask("Describe the image.", { images: [film] });
    expect(made.choices[0]?.message.content).toBe(expected.text);
  });

  it("is kept under a name of the server's, as its own may name a patient", async () => {
    const { id } = await send(film);
    expect(await client.files.retrieve(id)).toMatchObject({ id, filename: id });
  });

  it("is gone after its deletion", async () => {
    const { id } = await send(film);
    expect(await client.files.delete(id)).toMatchObject({ deleted: true });
    await expect(client.files.retrieve(id)).rejects.toMatchObject({ status: 404, code: "file_not_found" });
    await expect(ask([{ type: "file", file: { file_id: id } }])).rejects.toMatchObject({ status: 404 });
  });

  it("is refused where the files would be too large together", async () => {
    await using small = await createServer({ model: medgemma, maxFileBytes: 10 });
    const response = await small.fetch(
      new Request("http://localhost/v1/files", {
        method: "POST",
        body: "12345678901",
        headers: { "content-type": "application/octet-stream" }
      })
    );
    expect(response.status).toBe(413);
  });

  it("leaves nothing on the disk when the server has closed", async () => {
    const before = folders();
    const other = await createServer({ model: medgemma });
    await other.fetch(
      new Request("http://localhost/v1/files", {
        method: "POST",
        body: "bytes",
        headers: { "content-type": "application/octet-stream" }
      })
    );
    expect(folders()).toHaveLength(before.length + 1);
    await other.close();
    expect(folders()).toEqual(before);
  });
});

describe("The files of a series", () => {
  it("are shown in order with their numbers, as the library shows them", async () => {
    const paths = readdirSync(slices).map((name) => slices + name);
    expect(paths.length).toBeGreaterThan(2);
    const ids = await Promise.all(paths.map(async (path) => (await send(path)).id));
    const made = await ask([
      { type: "medgemma_series", medgemma_series: { file_ids: ids.reverse(), slices: 4 } },
      { type: "text", text: "What is in the volume?" }
    ]);
    const series = await readSeries(paths, { slices: 4 });
    await using chat = await medgemma.createChat();
    const expected = await chat.ask("What is in the volume?", { series });
    expect(made.choices[0]?.message.content).toBe(expected.text);
    expect(made.usage?.prompt_tokens).toBe(expected.usage.promptTokens);
    expect(made).toMatchObject({ medgemma: { series: { taken: series.taken, numbers: series.numbers } } });
  });
});
