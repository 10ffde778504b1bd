// POST a picture to /ask?question=…, get the answer as it is generated. For programs on this machine alone.
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { loadMedGemma, MedGemmaError } from "medgemma-local";

const { values } = parseArgs({
  options: { model: { type: "string", default: "demo" }, port: { type: "string", default: "8080" } }
});
const mostBytes = 64e6;

const medgemma = await loadMedGemma(values.model);
const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    if (response.headersSent)
      response.destroy(); // a part of an answer must not look whole
    else
      refuse(
        response,
        error instanceof MedGemmaError && error.code.startsWith("IMAGE_") ? 400 : 500,
        error.code ?? "INTERNAL",
        error.message
      );
  });
});
server.listen(Number(values.port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    server.close();
    server.closeAllConnections();
    void medgemma.dispose();
  });
}

async function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, "http://127.0.0.1");
  const question = searchParams.get("question");
  // A web page could send requests here too, or pretend that its own name means this machine.
  const isLocal = /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? "");
  if (!isLocal || request.headers.origin !== undefined)
    return refuse(response, 403, "FORBIDDEN", "Web pages are not served.");
  if (request.method !== "POST" || pathname !== "/ask")
    return refuse(response, 404, "NOT_FOUND", "POST /ask?question=… is all there is.");
  if (!question)
    return refuse(response, 400, "INVALID_ARGUMENT", "Expected a question: /ask?question=Describe%20the%20image.");

  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > mostBytes)
      return refuse(
        response.setHeader("Connection", "close"),
        413,
        "IMAGE_TOO_LARGE",
        `Expected at most ${mostBytes} bytes.`
      );
    parts.push(part);
  }

  const hungUp = new AbortController();
  response.once("close", () => hungUp.abort());
  const chat = await medgemma.createChat();
  try {
    const images = size === 0 ? [] : [Buffer.concat(parts)];
    for await (const { kind, text } of chat.ask(question, { images, signal: hungUp.signal })) {
      if (!response.headersSent) response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" });
      if (kind === "text") response.write(text);
    }
    response.end();
  } finally {
    await chat.dispose();
  }
}

function refuse(response, status, code, message) {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify({ code, message }));
}
