/** What a client may send to /v1/responses, and the same request in the terms of /v1/chat/completions. Nothing is kept between requests. */
import * as z from "zod";
import { HttpError } from "../http-error.js";
import { chatRequest, type ChatRequest, type RequestMessage, type UserContentPart } from "./chat-request.js";

const cacheControl = { prompt_cache_breakpoint: z.unknown().optional() };
const extension = chatRequest.shape.medgemma;

const inputPart = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("input_text"), text: z.string(), ...cacheControl }),
  z.strictObject({
    type: z.literal("input_image"),
    image_url: z.string().nullish().describe("A data URL; nothing is fetched"),
    file_id: z.string().nullish(),
    detail: z.enum(["auto", "low", "high", "original"]).nullish(),
    ...cacheControl
  }),
  z.strictObject({
    type: z.literal("input_file"),
    file_data: z.string().nullish(),
    file_id: z.string().nullish(),
    filename: z.string().nullish(),
    ...cacheControl
  }),
  z.strictObject({
    type: z.literal("output_text"),
    text: z.string(),
    annotations: z.array(z.unknown()).optional(),
    logprobs: z.array(z.unknown()).optional()
  })
]);

const messageItem = z.strictObject({
  type: z.literal("message").optional(),
  id: z.string().optional(),
  status: z.string().optional(),
  phase: z.string().nullish(),
  role: z.enum(["user", "assistant", "system", "developer"]),
  content: z.union([z.string(), z.array(inputPart)])
});

const callItem = z.strictObject({
  type: z.literal("function_call"),
  id: z.string().optional(),
  status: z.string().optional(),
  call_id: z.string(),
  name: z.string(),
  arguments: z.string()
});

const callOutputItem = z.strictObject({
  type: z.literal("function_call_output"),
  id: z.string().nullish(),
  status: z.string().nullish(),
  call_id: z.string(),
  output: z.union([z.string(), z.array(z.strictObject({ type: z.literal("input_text"), text: z.string() }))])
});

/** Old thoughts are not sent again. */
const reasoningItem = z.looseObject({ type: z.literal("reasoning") });

const tool = z.strictObject({
  type: z.literal("function"),
  name: z.string().regex(/^[\w-]{1,64}$/),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish()
});

const format = z.union([
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    name: z.string().optional(),
    description: z.string().optional(),
    schema: z.record(z.string(), z.unknown()),
    strict: z.boolean().nullish()
  })
]);

export const responsesRequest = z.strictObject({
  model: z.string().optional(),
  input: z.union([z.string(), z.array(z.union([messageItem, callItem, callOutputItem, reasoningItem]))]),
  instructions: z.string().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_obfuscation: z.boolean().nullish() }).nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  temperature: chatRequest.shape.temperature,
  top_p: chatRequest.shape.top_p,
  text: z.strictObject({ format: format.optional(), verbosity: z.literal("medium").nullish() }).nullish(),
  reasoning: z
    .strictObject({
      effort: chatRequest.shape.reasoning_effort,
      summary: z.string().nullish(),
      generate_summary: z.string().nullish()
    })
    .nullish(),
  tools: z.array(tool).max(64).nullish(),
  tool_choice: z
    .union([z.enum(["none", "auto", "required"]), z.strictObject({ type: z.literal("function"), name: z.string() })])
    .nullish(),
  truncation: z.literal("disabled").nullish().describe("What does not fit is an error"),
  include: z.array(z.enum(["reasoning.encrypted_content", "message.input_image.image_url"])).nullish(),
  previous_response_id: z.null().optional().describe("The server keeps nothing: send the whole conversation"),
  conversation: z.null().optional(),
  prompt: z.null().optional(),
  background: z.literal(false).nullish(),
  top_logprobs: z.literal(0).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  store: z.boolean().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  user: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  service_tier: z.string().nullish(),
  max_tool_calls: z.int().nullish(),
  medgemma: extension
});

export type ResponsesRequest = z.infer<typeof responsesRequest>;
type InputPart = z.infer<typeof inputPart>;

/** @throws HttpError 400 */
export function asChatRequest(request: ResponsesRequest): ChatRequest {
  const { input, instructions } = request;
  const items = typeof input === "string" ? [{ role: "user" as const, content: input }] : input;
  const messages: RequestMessage[] = instructions == null ? [] : [{ role: "system", content: instructions }];
  for (const [index, item] of items.entries()) {
    const last = messages.at(-1);
    if ("role" in item) messages.push(messageOf(item as z.infer<typeof messageItem>, `input[${index}]`));
    else if (item.type === "function_call") {
      const { call_id: id, name, arguments: given } = item;
      const call = { id, type: "function" as const, function: { name, arguments: given } };
      if (last?.role === "assistant") last.tool_calls = [...(last.tool_calls ?? []), call];
      else messages.push({ role: "assistant", content: null, tool_calls: [call] });
    } else if (item.type === "function_call_output") {
      const { call_id: id, output } = item;
      const text = typeof output === "string" ? output : output.map((part) => part.text).join("");
      messages.push({ role: "tool", tool_call_id: id, content: text });
    }
  }
  return {
    model: request.model,
    messages,
    max_completion_tokens: request.max_output_tokens,
    temperature: request.temperature,
    top_p: request.top_p,
    reasoning_effort: request.reasoning?.effort,
    response_format: formatOf(request),
    tools: request.tools?.map(({ name, description, parameters }) => ({
      type: "function",
      function: { name, description: description ?? undefined, parameters: parameters ?? undefined }
    })),
    tool_choice:
      typeof request.tool_choice === "object" && request.tool_choice !== null
        ? { type: "function", function: { name: request.tool_choice.name } }
        : request.tool_choice,
    medgemma: request.medgemma
  };
}

function formatOf({ text }: ResponsesRequest): ChatRequest["response_format"] {
  const asked = text?.format;
  if (asked?.type !== "json_schema") return asked;
  return { type: "json_schema", json_schema: { name: asked.name, schema: asked.schema } };
}

function messageOf({ role, content }: z.infer<typeof messageItem>, where: string): RequestMessage {
  if (role === "user") {
    if (typeof content === "string") return { role, content };
    return { role, content: content.map((part, index) => userPart(part, `${where}.content[${index}]`)) };
  }
  const text =
    typeof content === "string"
      ? content
      : content.map((part, index) => textOf(part, `${where}.content[${index}]`)).join("");
  return { role, content: text };
}

function userPart(part: InputPart, where: string): UserContentPart {
  if (part.type === "input_image") {
    if (part.file_id != null) return { type: "file", file: { file_id: part.file_id } };
    return { type: "image_url", image_url: part.image_url ?? "" };
  }
  if (part.type === "input_file")
    return { type: "file", file: { file_id: part.file_id ?? undefined, file_data: part.file_data ?? undefined } };
  return { type: "text", text: textOf(part, where) };
}

function textOf(part: InputPart, where: string): string {
  if ("text" in part) return part.text;
  throw new HttpError(400, "invalid_value", `${where} must be text: only a user sends images.`, { param: where });
}
