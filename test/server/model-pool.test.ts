/** Models that are loaded when they are asked, and unloaded when they are not. */
import { describe, expect, it } from "vitest";
import { createServer, loadMedGemma, type MedGemmaServer } from "../../src/index.js";
import { demoProjector, demoText } from "../demo-model.js";

interface Listed {
  readonly data: readonly {
    readonly id: string;
    readonly medgemma: { readonly model: string; readonly loaded: boolean };
  }[];
}

async function loadedIn(server: MedGemmaServer): Promise<string[]> {
  const response = await server.fetch(new Request("http://localhost/v1/models"));
  return ((await response.json()) as Listed).data.filter(({ medgemma }) => medgemma.loaded).map(({ id }) => id);
}

async function ask(server: MedGemmaServer, model?: string): Promise<{ status: number; model?: string }> {
  const response = await server.fetch(
    new Request("http://localhost/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }], max_tokens: 2 })
    })
  );
  return { status: response.status, ...((await response.json()) as { model?: string }) };
}

const pair = { model: demoText, mmproj: demoProjector };
const load = { gpu: "off" } as const;

describe("A server of several models", () => {
  it("loads each when it is first asked; the first one answers where none is named", async () => {
    await using server = await createServer({ models: { one: pair, two: pair }, aliases: { other: "two" }, load });
    expect(await loadedIn(server)).toEqual([]);
    expect(await ask(server)).toMatchObject({ status: 200, model: "one" });
    expect(await loadedIn(server)).toEqual(["one"]);
    expect(await ask(server, "other")).toMatchObject({ status: 200, model: "two" });
    expect(await loadedIn(server)).toEqual(["one", "two", "other"]);
  });

  it("unloads a model that nobody has asked for a while, and loads it again", async () => {
    await using server = await createServer({ models: { one: pair }, keepAliveSeconds: 0.05, load });
    expect(await ask(server)).toMatchObject({ status: 200 });
    while ((await loadedIn(server)).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await ask(server)).toMatchObject({ status: 200 });
  });

  it("tells a model that is not there, and goes on with the others", async () => {
    await using server = await createServer({ models: { one: pair, gone: "/nowhere/model.gguf" }, load });
    expect(await ask(server, "gone")).toMatchObject({ status: 404, error: { code: "model_not_found" } });
    expect(await ask(server, "one")).toMatchObject({ status: 200 });
  });

  it("leaves a model that its owner has loaded", async () => {
    await using medgemma = await loadMedGemma(pair, load);
    const server = await createServer({ model: medgemma, keepAliveSeconds: 0 });
    expect(await ask(server)).toMatchObject({ status: 200, model: medgemma.model.id });
    await server.close();
    await using chat = await medgemma.createChat();
    expect((await chat.ask("Hello", { maxTokens: 2 })).tokens).toHaveLength(2);
  });

  it("is not ready while its first model is loaded, and is afterwards", async () => {
    await using server = await createServer({ models: { one: pair }, load });
    const health = async () => (await server.fetch(new Request("http://localhost/health"))).status;
    const loading = server.load();
    expect(await health()).toBe(503);
    await loading;
    expect(await health()).toBe(200);
  });
});
