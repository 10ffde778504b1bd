/** Answers as /v1/chat/completions gives them: whole, or as the chunks of a stream. */
import { randomBytes } from "node:crypto";
import { readToolAnswer, type ToolCall } from "../../chat/tools.js";
import type { AnswerLogprob, Provenance, StopReason } from "../../chat/types.js";
import type { Answered } from "../answering.js";

const finishReasons: Readonly<Record<StopReason, string>> = {
  end: "stop",
  stop: "stop",
  maxTokens: "length",
  aborted: "stop"
};

/** What every chunk of a stream repeats. */
export interface CompletionHead {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
}

export function newHead(model: string): CompletionHead {
  return { id: `chatcmpl-${randomBytes(12).toString("hex")}`, created: Math.floor(Date.now() / 1000), model };
}

/** What the model said: words, or a call. */
export interface Said {
  readonly content: string | null;
  readonly calls: readonly ToolCall[];
  readonly finish: string;
}

export function saidIn({ answer, question }: Answered): Said {
  const finish = finishReasons[answer.stopReason];
  if (question.tools === null) return { content: answer.text, calls: [], finish };
  const read = readToolAnswer(answer.value);
  if ("call" in read) return { content: null, calls: [read.call], finish: "tool_calls" };
  return { content: typeof read.answer === "string" ? read.answer : JSON.stringify(read.answer), calls: [], finish };
}

export function completion(head: CompletionHead, answered: Answered, provenance: Provenance): object {
  const { answer } = answered;
  const { content, calls, finish } = saidIn(answered);
  return {
    id: head.id,
    object: "chat.completion",
    created: head.created,
    model: head.model,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content,
          refusal: null,
          ...thought(answer.thought),
          ...(calls.length === 0 ? {} : { tool_calls: calls.map(toolCall) })
        },
        logprobs: logprobsOf(answer.logprobs),
        finish_reason: finish
      }
    ],
    usage: usageOf(answered),
    medgemma: extensionOf(answered, provenance)
  };
}

/** Chunks of one stream, in the order in which clients need them. */
export class CompletionChunks {
  readonly #head: CompletionHead;
  readonly #withUsage: boolean;

  constructor(head: CompletionHead, { withUsage }: { readonly withUsage: boolean }) {
    this.#head = head;
    this.#withUsage = withUsage;
  }

  /** The first one: it alone names the role. */
  first(): object {
    return this.#chunk([{ index: 0, delta: { role: "assistant", content: "" }, logprobs: null, finish_reason: null }]);
  }

  text(kind: "thought" | "text", text: string): object {
    const delta = kind === "text" ? { content: text } : thought(text);
    return this.#chunk([{ index: 0, delta, logprobs: null, finish_reason: null }]);
  }

  /** All that comes behind the words: what was called, the last chunk, and with `withUsage` one for the usage. */
  last(answered: Answered, provenance: Provenance): object[] {
    const { content, calls, finish } = saidIn(answered);
    const isHeld = answered.question.tools !== null && content !== null;
    const end = { index: 0, delta: {}, logprobs: logprobsOf(answered.answer.logprobs), finish_reason: finish };
    return [
      ...(isHeld ? [this.text("text", content)] : []),
      ...calls.map((call) =>
        this.#chunk([
          { index: 0, delta: { tool_calls: [{ index: 0, ...toolCall(call) }] }, logprobs: null, finish_reason: null }
        ])
      ),
      { ...this.#chunk([end]), medgemma: extensionOf(answered, provenance) },
      ...(this.#withUsage ? [{ ...this.#chunk([]), usage: usageOf(answered) }] : [])
    ];
  }

  #chunk(choices: readonly object[]): object {
    const { id, created, model } = this.#head;
    return {
      id,
      object: "chat.completion.chunk",
      created,
      model,
      choices,
      ...(this.#withUsage ? { usage: null } : {})
    };
  }
}

/** Some clients read the one, some the other. */
function thought(text: string | null): object {
  return text === null ? {} : { reasoning_content: text, reasoning: text };
}

function toolCall({ name, arguments: given }: ToolCall): object {
  return {
    id: `call_${randomBytes(12).toString("hex")}`,
    type: "function",
    function: { name, arguments: JSON.stringify(given) }
  };
}

export function usageOf({ answer: { usage } }: Answered): object {
  return {
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.promptTokens + usage.completionTokens,
    prompt_tokens_details: { cached_tokens: usage.reusedTokens, image_tokens: usage.imageTokens },
    completion_tokens_details: { reasoning_tokens: usage.thoughtTokens }
  };
}

function logprobsOf(logprobs: readonly AnswerLogprob[] | undefined): object | null {
  if (logprobs === undefined) return null;
  const shape = ({ text, bytes, logprob }: Pick<AnswerLogprob, "text" | "bytes" | "logprob">) => ({
    token: text,
    logprob,
    bytes
  });
  return { content: logprobs.map((one) => ({ ...shape(one), top_logprobs: one.top.map(shape) })), refusal: null };
}

/** What only this server tells. The question is left out: the client has it. */
export function extensionOf({ answer }: Answered, provenance: Provenance): object {
  const { images, request, timings, boxes, rejectedBoxes, value, stopReason } = answer;
  return {
    stopReason,
    images,
    sampling: request.sampling,
    preset: request.preset,
    series: request.series,
    slide: request.slide,
    timings,
    ...(value === undefined ? {} : { value }),
    ...(boxes === undefined ? {} : { boxes }),
    ...(rejectedBoxes === undefined ? {} : { rejectedBoxes }),
    provenance
  };
}
