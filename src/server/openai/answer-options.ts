/** Sampling, schema and thought of a request, in the library's terms. */
import type { AskOptions } from "../../chat/types.js";
import { toolSchema } from "../../chat/tools.js";
import { HttpError } from "../http-error.js";
import type { ChatRequest } from "./chat-request.js";
import type { Tools } from "./tools.js";

/** @throws HttpError 400 */
export function answerOptionsOf(request: ChatRequest, tools: Tools | null): AskOptions {
  const { medgemma, stop, top_logprobs: top, logprobs, reasoning_effort: effort } = request;
  const schema = schemaOf(request);
  const asked: AskOptions = {
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? undefined,
    // OpenAI's default of 1 would be wrong here: greedy decoding is what Google evaluates with.
    temperature: request.temperature ?? undefined,
    topP: request.top_p ?? undefined,
    topK: request.top_k ?? undefined,
    minP: request.min_p ?? undefined,
    repeatPenalty: request.repeat_penalty ?? request.repetition_penalty ?? undefined,
    seed: request.seed ?? undefined,
    stop: typeof stop === "string" ? [stop] : (stop ?? undefined),
    logprobs: logprobs === true ? (top ?? 0) : undefined,
    think: medgemma?.think ?? thinks(effort),
    thoughtBudget: medgemma?.thoughtBudget,
    boxes: medgemma?.boxes,
    priority: medgemma?.priority,
    schema: tools === null ? schema : toolSchema(tools.declared, tools.choice, schema)
  };
  if (logprobs !== true && typeof top === "number" && top > 0)
    throw new HttpError(400, "invalid_value", "top_logprobs needs logprobs: true.", { param: "top_logprobs" });
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}

function thinks(effort: ChatRequest["reasoning_effort"]): boolean | undefined {
  if (effort === null || effort === undefined) return undefined;
  return effort !== "none" && effort !== "minimal";
}

/** In both places that clients put it; a format without one would pass for enforced and is refused. */
function schemaOf({ response_format: format }: ChatRequest): object | undefined {
  if (format === null || format === undefined || format.type === "text") return undefined;
  if (format.type === "json_object") return format.schema ?? { type: "object" };
  const schema = format.json_schema?.schema ?? format.schema;
  if (schema === undefined)
    throw new HttpError(400, "invalid_value", "response_format has no schema: it belongs in json_schema.schema.", {
      param: "response_format"
    });
  return schema;
}
