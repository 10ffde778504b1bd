/** Who may call the server, and what a request may cost. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createServer, loadMedGemma, MedGemmaError, type MedGemma, type MedGemmaServer } from "../../src/index.js";

let medgemma: MedGemma;
let open: MedGemmaServer;
let closed: MedGemmaServer;
const token = "a long secret";
beforeAll(async () => {
  medgemma = await loadMedGemma("demo", { gpu: "off" });
  open = await createServer({ model: medgemma, origins: ["https://notes.example"], hosts: ["ward7"] });
  closed = await createServer({ model: medgemma, token });
});
afterAll(async () => {
  await open.close();
  await closed.close();
  await medgemma.dispose();
});

const ask = async (
  server: MedGemmaServer,
  headers: Record<string, string>,
  path = "/v1/models",
  init: RequestInit = {}
) => await server.fetch(new Request(`http://localhost:8080${path}`, { ...init, headers }));
const codeOf = async (response: Response) => ((await response.json()) as { error: { code: string } }).error.code;
const post = (body: string | Uint8Array): RequestInit => ({ method: "POST", body });
const json = { "content-type": "application/json" };

describe("A caller", () => {
  it.each(["localhost:8080", "127.0.0.1:9", "[::1]:1", "WARD7:8080"])("may use the name %s", async (host) => {
    expect((await ask(open, { host })).status).toBe(200);
  });

  it.each(["attacker.example", "localhost.attacker.example", "192.168.1.9:8080", ""])(
    "that uses the name %j is refused: a page may have let that name point here",
    async (host) => {
      const response = await ask(open, { host });
      expect(response.status).toBe(403);
      expect(await codeOf(response)).toBe("host_not_allowed");
    }
  );

  it("may be a page of the server or of a named origin, which alone may read the answer", async () => {
    expect((await ask(open, { host: "localhost:8080", origin: "http://localhost:8080" })).status).toBe(200);
    const named = await ask(open, { origin: "https://notes.example" });
    expect(named.headers.get("access-control-allow-origin")).toBe("https://notes.example");
    const preflight = await ask(open, { origin: "https://notes.example" }, "/v1/chat/completions", {
      method: "OPTIONS"
    });
    expect(preflight.status).toBe(204);
  });

  it.each(["https://attacker.example", "null", "http://localhost:3000", "https://notes.example.attacker.example"])(
    "that is a page of %s is refused",
    async (origin) => {
      for (const method of ["GET", "POST", "OPTIONS"]) {
        const response = await ask(open, { origin }, "/v1/models", { method });
        expect(response.status).toBe(403);
        expect(response.headers.get("access-control-allow-origin")).toBeNull();
      }
    }
  );

  it("without an origin that a browser tells to be another site is refused", async () => {
    expect((await ask(open, { "sec-fetch-site": "cross-site" })).status).toBe(403);
  });

  it("needs the token wherever one is set, except for the health", async () => {
    for (const path of ["/v1/models", "/v1/files", "/metrics", "/openapi.json", "/nowhere"]) {
      expect((await ask(closed, {}, path)).status).toBe(401);
      expect((await ask(closed, { authorization: "Bearer another one" }, path)).status).toBe(401);
    }
    expect((await ask(closed, { authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await ask(closed, {}, "/health")).status).toBe(200);
  });

  it("cannot be another machine unless there is a token", async () => {
    await expect(open.listen({ host: "0.0.0.0", port: 0 })).rejects.toSatisfy(
      (error) => error instanceof MedGemmaError && error.code === "INVALID_ARGUMENT" && error.message.includes("token")
    );
  });
});

describe("A body", () => {
  it.each([
    [
      "of text/plain, which a page could send unasked",
      { "content-type": "text/plain" },
      "{}",
      415,
      "unsupported_media_type"
    ],
    ["that is no JSON", json, "{", 400, "invalid_json"],
    ["that is no UTF-8", json, new Uint8Array([0x22, 0xff, 0x22]), 400, "invalid_json"],
    ["of ten million brackets", json, "[".repeat(10_000_000), 400, "invalid_json"],
    ["with brackets in objects", json, '{"a":'.repeat(1000), 400, "invalid_json"],
    ["that is a list", json, "[]", 400, "invalid_value"]
  ])("%s is refused", async (_title, headers, body, status, code) => {
    const response = await ask(open, headers, "/v1/chat/completions", post(body));
    expect(response.status).toBe(status);
    expect(await codeOf(response)).toBe(code);
  });

  it("may have brackets in its texts", async () => {
    const content = `${"[{".repeat(500)} \\" \\\\`;
    const body = `{"max_tokens":1,"messages":[{"role":"user","content":"${content}"}]}`;
    expect((await ask(open, json, "/v1/chat/completions", post(body))).status).toBe(200);
  });
});

describe("What the server tells of itself", () => {
  it("names no prompt and no answer in its metrics", async () => {
    const body = JSON.stringify({ messages: [{ role: "user", content: "Zebra?" }], max_tokens: 2 });
    await ask(open, json, "/v1/chat/completions", post(body));
    const text = await (await ask(open, {}, "/metrics")).text();
    expect(text).toMatch(/medgemma_requests_total\{end="done"\} \d/);
    expect(text).not.toContain("Zebra");
  });

  it("describes each route, with the schemas that check the requests", async () => {
    const document = (await (await ask(open, {}, "/openapi.json")).json()) as {
      paths: Record<
        string,
        { post?: { requestBody: { content: Record<string, { schema: { properties: object } }> } } }
      >;
    };
    expect(Object.keys(document.paths)).toContain("/v1/files/{id}");
    const schema = document.paths["/v1/chat/completions"]?.post?.requestBody.content["application/json"]?.schema;
    expect(schema?.properties).toHaveProperty("messages");
  });
});
