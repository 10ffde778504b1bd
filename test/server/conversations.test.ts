/** What programs for people send: all images again in every turn, and requests for a title between the turns. */
import { readFileSync } from "node:fs";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServer, loadMedGemma, type MedGemma, type MedGemmaServer } from "../../src/index.js";
import { after, before, film } from "../demo-model.js";

let medgemma: MedGemma;
let server: MedGemmaServer;
let client: OpenAI;
beforeAll(async () => {
  medgemma = await loadMedGemma("demo", { gpu: "off", parallel: 2, contextSize: 4096 });
  server = await createServer({ model: medgemma });
  client = new OpenAI({ baseURL: `${await server.listen({ port: 0 })}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(async () => {
  await server.close();
  await medgemma.dispose();
});

type Message = OpenAI.ChatCompletionMessageParam;
type Made = OpenAI.ChatCompletion & {
  medgemma: { images: { cached: boolean }[]; timings: { encodeMs: number } };
};

const shown = (path: string, text: string): Message => ({
  role: "user",
  content: [
    { type: "text", text },
    { type: "image_url", image_url: { url: `data:image/png;base64,${readFileSync(path).toString("base64")}` } }
  ]
});

async function encoded(): Promise<number> {
  const text = await (await server.fetch(new Request("http://localhost/metrics"))).text();
  return Number(/^medgemma_images_encoded_total (.*)$/m.exec(text)?.[1]);
}

/** As Open WebUI words it: the conversation as text, without its images. */
const titleOf = (messages: readonly Message[]): Message => ({
  role: "user",
  content: `### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history.\n### Chat History:\n<chat_history>\n${messages
    .map(({ role, content }) => `${role.toUpperCase()}: ${typeof content === "string" ? content : "image"}`)
    .join("\n")}\n</chat_history>`
});

describe("A conversation of a program that keeps no state", () => {
  it("has each image encoded once, and goes on behind its last turn in spite of requests between", async () => {
    const messages: Message[] = [];
    const before0 = await encoded();
    for (const [turn, path] of [film, before, after].entries()) {
      messages.push(shown(path, turn === 0 ? "Describe the image." : "What is in this one?"));
      const made = (await client.chat.completions.create({
        model: "demo",
        messages,
        max_completion_tokens: 60
      })) as Made;
      messages.push({ role: "assistant", content: made.choices[0]?.message.content ?? "" });
      const { prompt_tokens: all = 0, prompt_tokens_details: details } = made.usage ?? {};
      // Only the new turn is read, an image and its words, but for the mark that closes the answer.
      if (turn > 0) expect(all - (details?.cached_tokens ?? 0)).toBeLessThan(60);
      for (const task of ["title", "tags", "follow-ups"])
        await client.chat.completions.create({
          model: "demo",
          messages: [titleOf([...messages, { role: "user", content: task }])],
          max_completion_tokens: 8
        });
    }
    expect((await encoded()) - before0).toBe(3);
  });

  it("joins two messages of the user in a row, since Gemma's turns alternate", async () => {
    const made = await client.chat.completions.create({
      model: "demo",
      messages: [
        { role: "user", content: "Hello." },
        { role: "user", content: "Who are you?" }
      ],
      max_completion_tokens: 5
    });
    await using chat = await medgemma.createChat();
    const expected = await chat.ask("Hello.\n\nWho are you?", { maxTokens: 5 });
    expect(made.choices[0]?.message.content).toBe(expected.text);
    expect(made.usage?.prompt_tokens).toBe(expected.usage.promptTokens);
  });
});
