/** Tools of the API: which calls the grammar allows, and how they go back and forth. */
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

const image = {
  type: "image_url" as const,
  image_url: { url: `data:image/png;base64,${readFileSync(film).toString("base64")}` }
};
const question: OpenAI.ChatCompletionMessageParam = {
  role: "user",
  content: [image, { type: "text", text: "How large is the circle?" }]
};
const measure: OpenAI.ChatCompletionFunctionTool = {
  type: "function",
  function: {
    name: "measure",
    description: "Measures a shape in millimetres.",
    parameters: {
      type: "object",
      properties: { shape: { enum: ["circle", "square"] }, digits: { type: "integer", minimum: 0, maximum: 3 } },
      required: ["shape", "digits"],
      additionalProperties: false
    }
  }
};
const zoom: OpenAI.ChatCompletionFunctionTool = { type: "function", function: { name: "zoom" } };
const base = { model: "demo", messages: [question], max_completion_tokens: 200 };

function callOf({ choices: [choice] }: OpenAI.ChatCompletion): { name: string; arguments: unknown; id: string } {
  const [call] = choice?.message.tool_calls ?? [];
  if (call?.type !== "function") throw new Error("no call");
  return { id: call.id, name: call.function.name, arguments: JSON.parse(call.function.arguments) };
}

describe("A tool", () => {
  it("that is named is called, with arguments that its schema allows", async () => {
    const made = await client.chat.completions.create({
      ...base,
      tools: [measure, zoom],
      tool_choice: { type: "function", function: { name: "measure" } }
    });
    const call = callOf(made);
    expect(made.choices[0]).toMatchObject({ finish_reason: "tool_calls", message: { content: null } });
    expect(call.name).toBe("measure");
    const { shape, digits } = call.arguments as { shape: string; digits: number };
    expect(["circle", "square"]).toContain(shape);
    expect([0, 1, 2, 3]).toContain(digits);
  });

  it("is called where one is required", async () => {
    const call = callOf(await client.chat.completions.create({ ...base, tools: [zoom], tool_choice: "required" }));
    expect(call).toMatchObject({ name: "zoom", arguments: {} });
  });

  it("may be called or not where the choice is the model's, and nothing else is said", async () => {
    const made = await client.chat.completions.create({
      ...base,
      tools: [measure, zoom],
      response_format: {
        type: "json_schema",
        json_schema: { name: "short", schema: { type: "string", maxLength: 20 } }
      }
    });
    const message = made.choices[0]?.message;
    const isCall = made.choices[0]?.finish_reason === "tool_calls";
    expect(message?.content === null).toBe(isCall);
    if (isCall) expect(["measure", "zoom"]).toContain(callOf(made).name);
  });

  it("is not told to the model, and not called, where the choice is none", async () => {
    const plain = await client.chat.completions.create(base);
    const made = await client.chat.completions.create({ ...base, tools: [measure], tool_choice: "none" });
    expect(made.choices[0]?.message).toMatchObject({ content: plain.choices[0]?.message.content });
    expect(made.usage?.prompt_tokens).toBe(plain.usage?.prompt_tokens);
  });

  it("is streamed as the client's own helper puts it together", async () => {
    const stream = client.chat.completions.stream({ ...base, tools: [zoom], tool_choice: "required" });
    const made = await stream.finalChatCompletion();
    expect(made.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { name: "zoom", arguments: "{}" } });
  });

  it("gives its result back as a turn of the conversation", async () => {
    const first = await client.chat.completions.create({ ...base, tools: [zoom], tool_choice: "required" });
    const call = callOf(first);
    const message = first.choices[0]?.message;
    if (message === undefined) throw new Error("no message");
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      question,
      message,
      { role: "tool", tool_call_id: call.id, content: '{"diameter": 12}' }
    ];
    const made = await client.chat.completions.create({ ...base, messages });
    expect(made.choices[0]?.finish_reason).toBe("stop");
    await using chat = await medgemma.createChat({
      turns: [
        { role: "user", content: [{ image: readFileSync(film) }, "How large is the circle?"] },
        { role: "assistant", text: '{"tool":"zoom","arguments":{}}' }
      ]
    });
    const expected = await chat.ask('<tool_result name="zoom">\n{"diameter": 12}\n</tool_result>', { maxTokens: 200 });
    expect(made.choices[0]?.message.content).toBe(expected.text);
    expect(made.usage?.prompt_tokens).toBe(expected.usage.promptTokens);
  });

  it.each([
    ["whose result is of no call", { messages: [question, { role: "tool", tool_call_id: "no", content: "1" }] }],
    ["that is chosen and not declared", { tools: [zoom], tool_choice: { type: "function", function: { name: "x" } } }],
    ["that is required where there is none", { tool_choice: "required" }],
    ["that is declared twice", { tools: [zoom, zoom] }]
  ])("%s is refused", async (_title, more) => {
    await expect(
      client.chat.completions.create({ ...base, ...more } as OpenAI.ChatCompletionCreateParamsNonStreaming)
    ).rejects.toMatchObject({ status: 400 });
  });
});
