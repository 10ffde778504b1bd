/** POST /v1/responses, without a state: a chat completion in the shapes of OpenAI's newer interface. */
import { randomBytes } from "node:crypto";
import type { Provenance } from "../../chat/types.js";
import type { Answered } from "../answering.js";
import { checkRequest } from "../check-request.js";
import { patientJson, type EventSink } from "../event-stream.js";
import { asHttpError } from "../http-error.js";
import { beginStream, type ChatServices } from "./chat-completions.js";
import { extensionOf, saidIn } from "./completion.js";
import { asChatRequest, responsesRequest, type ResponsesRequest } from "./responses-request.js";
import { toQuestion } from "./to-question.js";

/** @throws HttpError, MedGemmaError: what is wrong before the answer begins */
export async function responses(body: unknown, services: ChatServices, signal: AbortSignal): Promise<Response> {
  const request = checkRequest(responsesRequest, body);
  const model = services.pool.idOf(request.model);
  const head = { id: newId("resp"), createdAt: Math.floor(Date.now() / 1000), model };
  const chat = asChatRequest(request);
  if (request.stream === true)
    return await beginStream(signal, async (sink, begin, stop) => {
      const events = new ResponseEvents(sink, request, head);
      let hasTools = false;
      const answered = await services.answering.answer(
        model,
        async (medgemma) => {
          const question = await toQuestion({ request: chat, medgemma, files: services.files });
          hasTools = question.tools !== null;
          return question;
        },
        {
          onProgress: () => {
            events.begin();
            begin();
          },
          onChunk: (kind, text) => {
            events.begin();
            begin();
            if (kind === "thought" || !hasTools) events.text(kind, text);
          }
        },
        stop
      );
      events.begin();
      events.end(answered, await answered.medgemma.provenance());
    });
  const gone = new AbortController();
  const work = services.answering
    .answer(
      model,
      async (medgemma) => await toQuestion({ request: chat, medgemma, files: services.files }),
      { onProgress: () => undefined, onChunk: () => undefined },
      AbortSignal.any([signal, gone.signal])
    )
    .then(async (answered) => wholeResponse(request, head, answered, await answered.medgemma.provenance()));
  return await patientJson(work, { failed: (error) => asHttpError(error).body, gone: () => gone.abort() });
}

interface Head {
  readonly id: string;
  readonly createdAt: number;
  readonly model: string;
}

/** Output items of an answer; of a stream with the ids that they began with. */
function outputOf(answered: Answered, ids: { readonly reasoning: string; readonly message: string }): object[] {
  const { content, calls } = saidIn(answered);
  const { thought } = answered.answer;
  return [
    ...(thought === null ? [] : [reasoningItem(ids.reasoning, thought)]),
    ...(content === null ? [] : [messageItem(ids.message, content)]),
    ...calls.map(({ name, arguments: given }) => ({
      type: "function_call",
      id: newId("fc"),
      call_id: newId("call"),
      name,
      arguments: JSON.stringify(given),
      status: "completed"
    }))
  ];
}

function reasoningItem(id: string, text: string): object {
  return { type: "reasoning", id, summary: [], content: [{ type: "reasoning_text", text }], status: "completed" };
}

function messageItem(id: string, text: string): object {
  return { type: "message", id, status: "completed", role: "assistant", content: [outputText(text)] };
}

function outputText(text: string): object {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function wholeResponse(
  request: ResponsesRequest,
  head: Head,
  answered: Answered,
  provenance: Provenance,
  output = outputOf(answered, { reasoning: newId("rs"), message: newId("msg") })
): object {
  const { usage, stopReason } = answered.answer;
  const isCut = stopReason === "maxTokens";
  return {
    ...shell(request, head, isCut ? "incomplete" : "completed"),
    incomplete_details: isCut ? { reason: "max_output_tokens" } : null,
    output,
    usage: {
      input_tokens: usage.promptTokens,
      input_tokens_details: { cached_tokens: usage.reusedTokens },
      output_tokens: usage.completionTokens,
      output_tokens_details: { reasoning_tokens: usage.thoughtTokens },
      total_tokens: usage.promptTokens + usage.completionTokens
    },
    medgemma: extensionOf(answered, provenance)
  };
}

/** What a response repeats of its request. */
function shell(request: ResponsesRequest, { id, createdAt, model }: Head, status: string): Record<string, unknown> {
  return {
    id,
    object: "response",
    created_at: createdAt,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    model,
    output: [],
    parallel_tool_calls: false,
    previous_response_id: null,
    reasoning: { effort: request.reasoning?.effort ?? null, summary: null },
    store: false,
    temperature: request.temperature ?? 0,
    text: { format: request.text?.format ?? { type: "text" } },
    tool_choice: request.tool_choice ?? "auto",
    tools: request.tools ?? [],
    top_p: request.top_p ?? 0.95,
    truncation: "disabled",
    usage: null,
    user: null,
    metadata: request.metadata ?? {}
  };
}

/** The events of one stream, in OpenAI's order. */
class ResponseEvents {
  readonly #sink: EventSink;
  readonly #request: ResponsesRequest;
  readonly #head: Head;
  readonly #ids = { reasoning: newId("rs"), message: newId("msg") };
  #sequence = 0;
  #hasBegun = false;
  /** The item that is being written. */
  #open: { readonly kind: "thought" | "text"; text: string } | null = null;
  #items = 0;

  constructor(sink: EventSink, request: ResponsesRequest, head: Head) {
    this.#sink = sink;
    this.#request = request;
    this.#head = head;
  }

  begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const response = shell(this.#request, this.#head, "in_progress");
    this.#send("response.created", { response });
    this.#send("response.in_progress", { response });
  }

  text(kind: "thought" | "text", text: string): void {
    if (this.#open?.kind !== kind) {
      this.#close();
      this.#openItem(kind);
    }
    if (this.#open !== null) this.#open.text += text;
    const at = this.#place(kind);
    if (kind === "thought") this.#send("response.reasoning_text.delta", { ...at, delta: text });
    else this.#send("response.output_text.delta", { ...at, delta: text, logprobs: [] });
  }

  end(answered: Answered, provenance: Provenance): void {
    const { content, calls } = saidIn(answered);
    if (answered.question.tools !== null && content !== null) this.text("text", content);
    // An answer without a word is an item, too.
    if (content === "" && this.#open?.kind !== "text") this.text("text", "");
    this.#close();
    const output = outputOf(answered, this.#ids);
    for (const call of output.slice(output.length - calls.length)) {
      const item = call as { readonly id: string; readonly arguments: string };
      const at = { item_id: item.id, output_index: this.#items };
      this.#send("response.output_item.added", {
        output_index: this.#items,
        item: { ...call, arguments: "", status: "in_progress" }
      });
      this.#send("response.function_call_arguments.delta", { ...at, delta: item.arguments });
      this.#send("response.function_call_arguments.done", { ...at, arguments: item.arguments });
      this.#send("response.output_item.done", { output_index: this.#items, item: call });
      this.#items += 1;
    }
    const response = wholeResponse(this.#request, this.#head, answered, provenance, output);
    const isCut = answered.answer.stopReason === "maxTokens";
    this.#send(isCut ? "response.incomplete" : "response.completed", { response });
  }

  #openItem(kind: "thought" | "text"): void {
    this.#open = { kind, text: "" };
    const { item_id: id } = this.#place(kind);
    if (kind === "thought") {
      const item = { type: "reasoning", id, summary: [], content: [], status: "in_progress" };
      this.#send("response.output_item.added", { output_index: this.#items, item });
      return;
    }
    const item = { type: "message", id, status: "in_progress", role: "assistant", content: [] };
    this.#send("response.output_item.added", { output_index: this.#items, item });
    this.#send("response.content_part.added", { ...this.#place(kind), part: outputText("") });
  }

  #close(): void {
    if (this.#open === null) return;
    const { kind, text } = this.#open;
    const at = this.#place(kind);
    if (kind === "thought") {
      this.#send("response.reasoning_text.done", { ...at, text });
      this.#send("response.output_item.done", { output_index: this.#items, item: reasoningItem(at.item_id, text) });
    } else {
      this.#send("response.output_text.done", { ...at, text, logprobs: [] });
      this.#send("response.content_part.done", { ...at, part: outputText(text) });
      this.#send("response.output_item.done", { output_index: this.#items, item: messageItem(at.item_id, text) });
    }
    this.#items += 1;
    this.#open = null;
  }

  #place(kind: "thought" | "text"): {
    readonly item_id: string;
    readonly output_index: number;
    readonly content_index: number;
  } {
    return {
      item_id: kind === "thought" ? this.#ids.reasoning : this.#ids.message,
      output_index: this.#items,
      content_index: 0
    };
  }

  #send(type: string, fields: object): void {
    this.#sink.send({ type, ...fields, sequence_number: this.#sequence }, type);
    this.#sequence += 1;
  }
}

function newId(prefix: string): string {
  return `${prefix}_${randomBytes(12).toString("hex")}`;
}
