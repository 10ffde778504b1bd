/** /v1/responses as OpenAI's own client sees it. */
import { readFileSync } from "node:fs";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServer, loadMedGemma, type MedGemma, type MedGemmaServer } from "../../src/index.js";
import { film } from "../demo-model.js";

let medgemma: MedGemma;
let server: MedGemmaServer;
let client: OpenAI;
beforeAll(async () => {
  medgemma = await loadMedGemma("demo", { gpu: "off", parallel: 2 });
  server = await createServer({ model: medgemma });
  client = new OpenAI({ baseURL: `${await server.listen({ port: 0 })}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(async () => {
  await server.close();
  await medgemma.dispose();
});

const image = `data:image/png;base64,${readFileSync(film).toString("base64")}`;
const question = (text = "Describe the image."): OpenAI.Responses.ResponseInput => [
  {
    role: "user",
    content: [
      { type: "input_image", image_url: image, detail: "auto" },
      { type: "input_text", text }
    ]
  }
];

describe("A response", () => {
  it("is the library's answer, with its usage and where it came from", async () => {
    await using chat = await medgemma.createChat({ system: "Answer with a digit." });
    const expected = await chat.ask("Count the shapes.", { images: [film] });
    const made = await client.responses.create({
      model: "demo",
      instructions: "Answer with a digit.",
      input: question("Count the shapes.")
    });
    expect(made.output_text).toBe(expected.text);
    expect(made.status).toBe("completed");
    expect(made.usage).toMatchObject({
      input_tokens: expected.usage.promptTokens,
      output_tokens: expected.usage.completionTokens
    });
    expect(made).toMatchObject({ medgemma: { provenance: { model: { id: "demo" } } } });
  });

  it("streams events that the client's own helper puts together", async () => {
    const expected = await client.responses.create({ model: "demo", input: question() });
    const stream = client.responses.stream({ model: "demo", input: question() });
    const types: string[] = [];
    let text = "";
    for await (const event of stream) {
      types.push(event.type);
      if (event.type === "response.output_text.delta") text += event.delta;
    }
    expect(text).toBe(expected.output_text);
    expect((await stream.finalResponse()).output_text).toBe(expected.output_text);
    expect(types.slice(0, 4)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added"
    ]);
    expect(types.at(-1)).toBe("response.completed");
  });

  it("shows a thought as reasoning in front of the answer", async () => {
    const made = await client.responses.create({
      model: "demo",
      input: question("What is at the middle right?"),
      reasoning: { effort: "low" }
    });
    await using chat = await medgemma.createChat();
    const expected = await chat.ask("What is at the middle right?", { images: [film], think: true });
    expect(expected.thought).not.toBeNull();
    expect(made.output.map(({ type }) => type)).toEqual(["reasoning", "message"]);
    expect(made.output[0]).toMatchObject({ content: [{ type: "reasoning_text", text: expected.thought }] });
    expect(made.output_text).toBe(expected.text);
    expect(made.usage?.output_tokens_details.reasoning_tokens).toBe(expected.usage.thoughtTokens);
    expect(expected.usage.thoughtTokens).toBeGreaterThan(0);
  });

  it("says that it is incomplete where the limit cut it off", async () => {
    const made = await client.responses.create({ model: "demo", input: question(), max_output_tokens: 2 });
    expect(made).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
  });

  it("follows a schema", async () => {
    const made = await client.responses.create({
      model: "demo",
      input: question(),
      text: {
        format: {
          type: "json_schema",
          name: "count",
          schema: { type: "object", properties: { count: { type: "integer" } }, required: ["count"] }
        }
      }
    });
    expect(Number.isInteger((JSON.parse(made.output_text) as { count: number }).count)).toBe(true);
  });

  it.each([
    ["refers to an earlier response", { previous_response_id: "resp_1" }, "previous_response_id"],
    ["would run in the background", { background: true }, "background"],
    ["may be cut without a word", { truncation: "auto" }, "truncation"],
    ["uses a tool of OpenAI's servers", { tools: [{ type: "web_search" }] }, "tools[0].type"]
  ])("is refused where it %s, since nothing is kept and nothing fetched", async (_title, more, param) => {
    const body = { model: "demo", input: question(), ...more } as OpenAI.Responses.ResponseCreateParamsNonStreaming;
    await expect(client.responses.create(body)).rejects.toMatchObject({ status: 400, param });
  });
});
