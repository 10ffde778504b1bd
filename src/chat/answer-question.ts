/** The way of one question, from what it shows to the finished answer. */
import { MedGemmaError } from "../errors.js";
import type { JsonGrammar } from "../language/json-grammar.js";
import { AnswerCollector } from "./answer-collector.js";
import type { Conversation } from "./conversation.js";
import type { PromptTokens } from "./conversation-prompt.js";
import type { ModelParts } from "./encode-images.js";
import { nothingShown, type Shown } from "./encode-question.js";
import { locateBoxes } from "./locate-boxes.js";
import { logprobsInWords } from "./logprobs-in-words.js";
import { ensureStandsAlone, requestOf, type Question } from "./question.js";
import { AnswerTimer } from "./answer-timer.js";
import type { Answer, ReplyChunk } from "./types.js";

export interface AskedQuestion {
  readonly question: Question;
  /** What of it was shown before; default: nothing. */
  readonly shown?: Shown | undefined;
  /** Makes what the model sees, and room for it in the conversation. */
  readonly show: () => Promise<Shown>;
  readonly emit: (chunk: ReplyChunk) => void;
  readonly signal: AbortSignal;
}

/** The turn is kept, unless it fails or is stopped before the first token. @throws MedGemmaError as `Chat.ask` */
export async function answerQuestion<Value>(
  model: ModelParts & { readonly loadMs: number },
  conversation: Conversation,
  { question, shown = nothingShown, show, emit, signal }: AskedQuestion
): Promise<Answer<Value>> {
  const { language } = model;
  const { schema, logprobs, boxes } = question.options;
  const timer = new AnswerTimer();
  ensureStandsAlone(question, conversation.turns);
  const grammar = schema === undefined ? undefined : await language.compileSchema(schema);
  const collected = new AnswerCollector(emit);
  let prompt: PromptTokens = [];
  try {
    try {
      shown = await show();
      timer.encoded();
      prompt = await conversation.promptFor(question, shown.content, signal);
      await generate(model, question, { prompt, grammar, collected, signal });
    } catch (error) {
      const isStopped = error instanceof MedGemmaError && error.code === "ABORTED" && signal.aborted;
      if (!isStopped) throw error;
    }

    const { content, report } = shown;
    const { text, thought, stopReason, tokens } = collected;
    const hasBoxes = boxes ?? text.includes("box_2d");
    const located = hasBoxes ? locateBoxes(text, conversation.imagesMeantBy(content)) : {};
    const isWhole = grammar !== undefined && stopReason !== "aborted";
    const value = isWhole
      ? { value: (await grammar.parse({ text, isEnded: stopReason === "end", tokens: tokens.length })) as Value }
      : {};
    const request = requestOf(question, content, grammar?.schema ?? null);
    const seen = [...conversation.sentTurns.flatMap((turn) => turn.report), ...report];
    // Stopped before the first token, nothing was said: the question is as if it had not been asked.
    if (tokens.length > 0 || stopReason !== "aborted") {
      const { isRaw } = question;
      conversation.add({ content, report, answer: text, thought, stopReason, isRaw, request, provenance: null });
    }
    return {
      text,
      thought,
      tokens,
      stopReason,
      images: report,
      request,
      usage: {
        promptTokens: prompt.length,
        imageTokens: seen.reduce((sum, image) => sum + image.tokens, 0),
        reusedTokens: Math.min(shown.reusedTokens ?? Infinity, collected.reusedTokens),
        completionTokens: tokens.length,
        thoughtTokens: collected.thoughtTokens,
        droppedTurns: conversation.droppedTurns
      },
      timings: timer.timings(model.loadMs, shown, collected),
      ...value,
      ...(logprobs === undefined ? {} : { logprobs: logprobsInWords(language, collected.logprobs) }),
      ...located
    };
  } finally {
    conversation.releaseUnused();
  }
}

async function generate(
  { language }: ModelParts,
  { options, sampling }: Question,
  run: {
    readonly prompt: PromptTokens;
    readonly grammar: JsonGrammar | undefined;
    readonly collected: AnswerCollector;
    readonly signal: AbortSignal;
  }
): Promise<void> {
  const { prompt, grammar, collected, signal } = run;
  const { think = false, logprobs, priority, onProgress } = options;
  const { seed, thoughtBudget, ...others } = sampling;
  const events = language.generate(prompt, {
    ...others,
    seed: seed ?? undefined,
    logprobs,
    priority,
    grammar,
    forceThought: think && grammar !== undefined,
    thoughtBudget: thoughtBudget ?? undefined,
    onWaiting: (ahead) => onProgress?.({ stage: "waiting", ahead }),
    onBegin: () => onProgress?.({ stage: "prefill", tokens: prompt.length }),
    signal
  });
  for await (const event of events) {
    if (event.type === "token" && collected.firstTokenAt === null) onProgress?.({ stage: "generate" });
    collected.add(event);
  }
}
