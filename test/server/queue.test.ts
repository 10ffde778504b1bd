/** Many requests at once: who waits, who is refused, and what is free again when a client goes away. */
import { readFileSync } from "node:fs";
import OpenAI from "openai";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createServer, loadMedGemma, type MedGemma, type MedGemmaServer } from "../../src/index.js";
import { readScenes } from "../demo-model.js";

let medgemma: MedGemma;
let server: MedGemmaServer;
beforeAll(async () => {
  medgemma = await loadMedGemma("demo", { gpu: "off", parallel: 2, imageCache: { maxBytes: 0 } });
});
afterEach(async () => await server.close());
afterAll(async () => await medgemma.dispose());

const scenes = readScenes().filter(({ turns, images }) => turns.length === 1 && images.length === 1);
const dataUrl = (path: string) => `data:image/png;base64,${readFileSync(path).toString("base64")}`;
const messagesOf = ({ images: [path = ""], turns: [turn], system }: (typeof scenes)[number]) => [
  ...(system === null ? [] : [{ role: "system" as const, content: system }]),
  {
    role: "user" as const,
    content: [
      { type: "image_url" as const, image_url: { url: dataUrl(path) } },
      { type: "text" as const, text: turn?.user ?? "" }
    ]
  }
];

async function clientOf(options: Parameters<typeof createServer>[0] = {}): Promise<OpenAI> {
  server = await createServer({ model: medgemma, parallel: 2, ...options });
  return new OpenAI({ baseURL: `${await server.listen({ port: 0 })}/v1`, apiKey: "none", maxRetries: 0 });
}

async function metric(name: string): Promise<number> {
  const text = await (await server.fetch(new Request("http://localhost/metrics"))).text();
  return Number(new RegExp(`^medgemma_${name} (.*)$`, "m").exec(text)?.[1]);
}

/** Until no request is on its way; a hang fails by the test's limit. */
async function untilFree(): Promise<void> {
  while ((await metric("requests_processing")) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("Requests at the same time", () => {
  it("get the answers that they get one after another", async () => {
    const client = await clientOf({ maxWaiting: 100 });
    const asked = scenes.slice(0, 24);
    const ask = async (scene: (typeof scenes)[number]) =>
      (await client.chat.completions.create({ model: "demo", messages: messagesOf(scene) })).choices[0]?.message
        .content;
    const alone: unknown[] = [];
    for (const scene of asked) alone.push(await ask(scene));
    expect(await Promise.all(asked.map(ask))).toEqual(alone);
  });

  it("are refused with a time to try again when too many wait, and the others are answered", async () => {
    const client = await clientOf({ parallel: 1, maxWaiting: 1 });
    const [scene] = scenes;
    if (scene === undefined) throw new Error("no scene");
    const asked = await Promise.allSettled(
      Array.from({ length: 5 }, () => client.chat.completions.create({ model: "demo", messages: messagesOf(scene) }))
    );
    expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    for (const outcome of asked) {
      if (outcome.status === "fulfilled") continue;
      const error = outcome.reason as InstanceType<typeof OpenAI.APIError>;
      expect(error).toMatchObject({ status: 503, code: "server_busy" });
      expect(Number(error.headers?.get("retry-after"))).toBeGreaterThan(0);
    }
    await untilFree();
  });

  it("say in the stream how many wait in front", async () => {
    const client = await clientOf({ maxWaiting: 20 });
    const bodies = scenes.slice(0, 6).map((scene) => JSON.stringify({ stream: true, messages: messagesOf(scene) }));
    const texts = await Promise.all(
      bodies.map(async (body) => {
        const response = await fetch(`${client.baseURL}/chat/completions`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body
        });
        return await response.text();
      })
    );
    expect(texts.every((text) => text.endsWith("data: [DONE]\n\n"))).toBe(true);
    expect(texts.some((text) => /^: waiting, \d in front$/m.test(text))).toBe(true);
  });
});

describe("A client that goes away", () => {
  /** Streams the request and goes away at the first comment or chunk that matches. */
  async function leaveAt(
    client: OpenAI,
    phase: RegExp,
    scene: (typeof scenes)[number],
    text?: string
  ): Promise<boolean> {
    const gone = new AbortController();
    const messages = messagesOf(scene);
    const response = await fetch(`${client.baseURL}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        stream: true,
        messages: text === undefined ? messages : [...messages.slice(0, -1), { role: "user", content: text }]
      }),
      signal: gone.signal
    });
    let heard = "";
    try {
      for await (const bytes of response.body ?? []) {
        heard += Buffer.from(bytes as Uint8Array).toString();
        if (phase.test(heard)) gone.abort();
      }
    } catch {
      return true;
    }
    return false;
  }

  it.each([
    ["waits", /^: waiting/m],
    ["has its image encoded", /^: encoding image 1 of 1, layer 1/m],
    ["has its prompt read", /^: reading/m],
    ["is answered", /"content":"\w/]
  ])("while it %s frees its place, and the next request is answered as ever", async (_title, phase) => {
    const client = await clientOf({ maxWaiting: 20 });
    const [scene, other] = scenes;
    if (scene === undefined || other === undefined) throw new Error("no scene");
    const expected = await client.chat.completions.create({ model: "demo", messages: messagesOf(other) });
    // With both sequences in use a third one waits.
    const busy = phase.source.includes("waiting")
      ? scenes.slice(2, 6).map((one) => client.chat.completions.create({ model: "demo", messages: messagesOf(one) }))
      : [];
    for (let round = 0; round < 3; round += 1) await leaveAt(client, phase, scene);
    await Promise.all(busy);
    await untilFree();
    expect(await metric('requests_total{end="failed"}')).toBeNaN();
    const again = await client.chat.completions.create({ model: "demo", messages: messagesOf(other) });
    expect(again.choices[0]?.message.content).toBe(expected.choices[0]?.message.content);
  });
});

describe("A server that closes", () => {
  it("lets what it answers finish, and takes nothing new", async () => {
    const client = await clientOf({ graceSeconds: 60 });
    const [scene] = scenes;
    if (scene === undefined) throw new Error("no scene");
    const running = client.chat.completions.create({ model: "demo", messages: messagesOf(scene) });
    while ((await metric("requests_processing")) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const closing = server.close();
    expect((await server.fetch(new Request("http://localhost/v1/models"))).status).toBe(200);
    const refused = await server.fetch(
      new Request("http://localhost/v1/chat/completions", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ messages: messagesOf(scene) })
      })
    );
    expect(refused.status).toBe(503);
    expect((await running).choices[0]?.finish_reason).toBe("stop");
    await closing;
  });

  it("stops after its time of grace what is not finished, with an error", async () => {
    const client = await clientOf({ graceSeconds: 0 });
    const [scene] = scenes;
    if (scene === undefined) throw new Error("no scene");
    const running = client.chat.completions.create({ model: "demo", messages: messagesOf(scene) });
    while ((await metric("requests_processing")) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const [outcome] = await Promise.allSettled([running, server.close()]);
    expect(outcome).toMatchObject({ status: "rejected", reason: { status: 503 } });
  });
});
