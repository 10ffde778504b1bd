/** /v1/chat/completions as OpenAI's own client sees it; the answers are the library's. */
import { readFileSync } from "node:fs";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServer, loadMedGemma, type MedGemma, type MedGemmaServer } from "../../src/index.js";
import { after, before, film } from "../demo-model.js";

let medgemma: MedGemma;
let server: MedGemmaServer;
let client: OpenAI;
beforeAll(async () => {
  medgemma = await loadMedGemma("demo", { gpu: "off", parallel: 2 });
  server = await createServer({
    models: { demo: medgemma },
    aliases: { "gpt-4o": "demo" },
    maxRequestBytes: 4_000_000
  });
  client = new OpenAI({ baseURL: `${await server.listen({ port: 0 })}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(async () => {
  await server.close();
  await medgemma.dispose();
});

const dataUrl = (path: string) => `data:image/png;base64,${readFileSync(path).toString("base64")}`;
const image = (path: string) => ({ type: "image_url" as const, image_url: { url: dataUrl(path) } });
const question = "List the findings.";

const about = (path: string, text = question): OpenAI.ChatCompletionMessageParam => ({
  role: "user",
  content: [image(path), { type: "text", text }]
});

async function libraryAnswer(text: string, images: string[], options = {}) {
  await using chat = await medgemma.createChat();
  return await chat.ask(text, { images, ...options });
}

describe("A chat completion", () => {
  it("is the library's answer to the same image and question", async () => {
    const made = await client.chat.completions.create({ model: "demo", messages: [about(film)] });
    const expected = await libraryAnswer(question, [film]);
    expect(made.choices[0]?.message.content).toBe(expected.text);
    expect(made.choices[0]?.finish_reason).toBe("stop");
    expect(made.usage).toMatchObject({
      prompt_tokens: expected.usage.promptTokens,
      completion_tokens: expected.usage.completionTokens
    });
  });

  it("streams the same words, the role first, the reason last, and the usage where it is asked for", async () => {
    const expected = await libraryAnswer(question, [film]);
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    const stream = await client.chat.completions.create({
      model: "demo",
      messages: [about(film)],
      stream: true,
      stream_options: { include_usage: true }
    });
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: "assistant", content: "" });
    const words = chunks.slice(1).map(({ choices }) => choices[0]?.delta.content ?? "");
    expect(words.join("")).toBe(expected.text);
    expect(chunks.filter(({ choices }) => choices[0]?.delta.role !== undefined)).toHaveLength(1);
    expect(chunks.at(-2)?.choices[0]).toMatchObject({ delta: {}, finish_reason: "stop" });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: expected.usage.completionTokens } });
    expect(new Set(chunks.map(({ id, created }) => `${id} ${created}`)).size).toBe(1);
  });

  it("sends no usage chunk where none is asked for", async () => {
    const stream = await client.chat.completions.create({ model: "demo", messages: [about(film)], stream: true });
    for await (const chunk of stream) expect(chunk.choices).toHaveLength(1);
  });

  it("takes earlier turns with their images, and encodes none of them twice", async () => {
    await using chat = await medgemma.createChat();
    const first = await chat.ask(question, { images: [before] });
    const second = await chat.ask("What changed?", { images: [after] });
    const made = (await client.chat.completions.create({
      model: "demo",
      messages: [about(before), { role: "assistant", content: first.text }, about(after, "What changed?")]
    })) as OpenAI.ChatCompletion & { medgemma: { images: { cached: boolean }[]; timings: { encodeMs: number } } };
    expect(made.choices[0]?.message.content).toBe(second.text);
    expect(made.medgemma.images.map(({ cached }) => cached)).toEqual([true]);
    expect(made.medgemma.timings.encodeMs).toBe(0);
  });

  it("follows a schema in both places that clients put it", async () => {
    const schema = {
      type: "object",
      properties: { findings: { type: "array", items: { type: "string", maxLength: 20 }, maxItems: 3 } },
      required: ["findings"],
      additionalProperties: false
    };
    const expected = await libraryAnswer(question, [film], { schema });
    const nested = { type: "json_schema" as const, json_schema: { name: "findings", strict: true, schema } };
    const flat = { type: "json_schema", schema } as unknown as typeof nested;
    for (const format of [nested, flat]) {
      const made = await client.chat.completions.create({
        model: "demo",
        messages: [about(film)],
        response_format: format
      });
      expect(made.choices[0]?.message.content).toBe(expected.text);
      expect(JSON.parse(made.choices[0]?.message.content ?? "")).toHaveProperty("findings");
    }
  });

  it("gives log probabilities of the chosen and the likeliest tokens", async () => {
    const expected = await libraryAnswer(question, [film], { logprobs: 2, maxTokens: 2 });
    const made = await client.chat.completions.create({
      model: "demo",
      messages: [about(film)],
      logprobs: true,
      top_logprobs: 2,
      max_completion_tokens: 2
    });
    const content = made.choices[0]?.logprobs?.content ?? [];
    expect(content.map(({ token }) => token)).toEqual(expected.logprobs?.map(({ text }) => text));
    content.forEach(({ logprob }, index) => expect(logprob).toBeCloseTo(expected.logprobs?.[index]?.logprob ?? NaN, 4));
    expect(content[0]?.top_logprobs).toHaveLength(2);
    expect(made.choices[0]?.finish_reason).toBe("length");
  });

  it("ends at a stop text, which it leaves out", async () => {
    const { text } = await libraryAnswer(question, [film]);
    const stop = text.slice(6, 10);
    const made = await client.chat.completions.create({ model: "demo", messages: [about(film)], stop });
    expect(made.choices[0]?.message.content).toBe(text.slice(0, text.indexOf(stop)));
  });

  it("answers under an alias, and under no other name", async () => {
    const made = await client.chat.completions.create({
      model: "gpt-4o",
      messages: [about(film)],
      max_completion_tokens: 1
    });
    expect(made.model).toBe("demo");
    await expect(client.chat.completions.create({ model: "gpt-5", messages: [about(film)] })).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
      param: "model"
    });
  });

  it("says which model, pixels, sampling and program gave it", async () => {
    const made = (await client.chat.completions.create({
      model: "demo",
      messages: [about(film)],
      max_completion_tokens: 1
    })) as unknown as { medgemma: Record<string, unknown> };
    const { images } = await libraryAnswer(question, [film], { maxTokens: 1 });
    expect(made.medgemma).toMatchObject({
      images: [{ sha256: images[0]?.sha256 }],
      sampling: { temperature: 0 },
      provenance: { model: { id: "demo" } }
    });
  });
});

describe("A request that cannot be right", () => {
  const cases: readonly [string, object, { status: number; param?: string | null; code?: string }][] = [
    ["asks for two answers", { n: 2 }, { status: 400, param: "n" }],
    ["has a penalty", { frequency_penalty: 0.5 }, { status: 400, param: "frequency_penalty" }],
    ["has a field with a slip", { temprature: 1 }, { status: 400, param: "temprature", code: "unknown_parameter" }],
    [
      "has a format without a schema",
      { response_format: { type: "json_schema" } },
      { status: 400, param: "response_format" }
    ],
    [
      "has a schema that the grammar cannot hold",
      {
        response_format: {
          type: "json_schema",
          json_schema: { name: "a", schema: { type: "object", not: { type: "string" } } }
        }
      },
      { status: 400, param: "response_format" }
    ],
    ["has no messages", { messages: [] }, { status: 400, param: "messages" }],
    [
      "ends with an answer",
      { messages: [about(film), { role: "assistant", content: "yes" }] },
      { status: 400, param: "messages" }
    ],
    [
      "has a system message in the middle",
      { messages: [about(film), { role: "system", content: "Be brief." }] },
      { status: 400, param: "messages[1]" }
    ],
    [
      "names an image by an address",
      {
        messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "https://example.org/a.png" } }] }]
      },
      { status: 400, param: "messages[0].content[0].image_url" }
    ],
    [
      "names an image by a path",
      { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: film } }] }] },
      { status: 400, param: "messages[0].content[0].image_url" }
    ],
    [
      "has an image that was cut off",
      {
        messages: [
          {
            role: "user",
            content: [
              { type: "image_url", image_url: { url: dataUrl(film).slice(0, 4000) } },
              { type: "text", text: "?" }
            ]
          }
        ]
      },
      { status: 400 }
    ],
    ["names a file as a preset", { medgemma: { preset: "/etc/passwd" } }, { status: 400, param: "medgemma.preset" }],
    ["asks for tokens without log probabilities", { top_logprobs: 2 }, { status: 400, param: "top_logprobs" }],
    [
      "is longer than the context",
      { messages: [about(film, "word ".repeat(20_000))] },
      { status: 400, param: "messages", code: "context_length_exceeded" }
    ],
    ["is larger than the limit", { messages: [about(film, "a".repeat(4_000_001))] }, { status: 413 }]
  ];
  it.each(cases)("%s: it is refused with the field's name", async (_title, more, expected) => {
    const body = { model: "demo", messages: [about(film)], ...more } as OpenAI.ChatCompletionCreateParams;
    await expect(client.chat.completions.create(body)).rejects.toMatchObject(expected);
    await expect(client.chat.completions.create({ ...body, stream: true })).rejects.toMatchObject(expected);
  });
});
