/** POST /v1/chat/completions: one request, answered whole or as a stream. */
import type { ReplyProgress } from "../../chat/types.js";
import type { Answering } from "../answering.js";
import { checkRequest } from "../check-request.js";
import { eventStream, patientJson } from "../event-stream.js";
import type { FileStore } from "../file-store.js";
import { asHttpError } from "../http-error.js";
import type { ModelPool } from "../model-pool.js";
import { chatRequest, type ChatRequest } from "./chat-request.js";
import { CompletionChunks, completion, newHead } from "./completion.js";
import { toQuestion } from "./to-question.js";

export interface ChatServices {
  readonly answering: Answering;
  readonly pool: ModelPool;
  readonly files: FileStore;
}

/**
 * @param body As it came.
 * @param signal Fires when the client goes away.
 * @throws HttpError, MedGemmaError: what is wrong before the answer begins
 */
export async function chatCompletions(body: unknown, services: ChatServices, signal: AbortSignal): Promise<Response> {
  const request = checkRequest(chatRequest, body);
  return request.stream === true ? await streamed(request, services, signal) : await whole(request, services, signal);
}

async function whole(
  request: ChatRequest,
  { answering, pool, files }: ChatServices,
  signal: AbortSignal
): Promise<Response> {
  const id = pool.idOf(request.model);
  const gone = new AbortController();
  const work = answering
    .answer(
      id,
      async (medgemma) => await toQuestion({ request, medgemma, files }),
      { onProgress: () => undefined, onChunk: () => undefined },
      AbortSignal.any([signal, gone.signal])
    )
    .then(async (answered) => completion(newHead(id), answered, await answered.medgemma.provenance()));
  return await patientJson(work, { failed: (error) => asHttpError(error).body, gone: () => gone.abort() });
}

async function streamed(
  request: ChatRequest,
  { answering, pool, files }: ChatServices,
  signal: AbortSignal
): Promise<Response> {
  const id = pool.idOf(request.model);
  const head = newHead(id);
  return await beginStream(signal, async (sink, begin, stop) => {
    const chunks = new CompletionChunks(head, { withUsage: request.stream_options?.include_usage === true });
    let hasTools = false;
    let hasBegun = false;
    const ensureBegun = (): void => {
      if (!hasBegun) sink.send(chunks.first());
      hasBegun = true;
      begin();
    };
    const answered = await answering.answer(
      id,
      async (medgemma) => {
        const question = await toQuestion({ request, medgemma, files });
        hasTools = question.tools !== null;
        return question;
      },
      {
        onProgress: (progress) => {
          begin();
          sink.comment(inWords(progress));
        },
        // What the grammar holds a call in is no text for the client.
        onChunk: (kind, text) => {
          ensureBegun();
          if (kind === "thought" || !hasTools) sink.send(chunks.text(kind, text));
        }
      },
      stop
    );
    ensureBegun();
    for (const chunk of chunks.last(answered, await answered.medgemma.provenance())) sink.send(chunk);
    sink.send("[DONE]");
  });
}

/** How long a request may take to be found wrong before its stream begins; from then on a fault is an event. */
const beginMs = 5000;

type StreamRun = (
  sink: Parameters<Parameters<typeof eventStream>[0]>[0],
  begin: () => void,
  signal: AbortSignal
) => Promise<void>;

/** The response begins when the request is known to be right: what is wrong with it gets a status, not an event behind status 200. */
export async function beginStream(signal: AbortSignal, run: StreamRun): Promise<Response> {
  return await new Promise((resolve, reject) => {
    let hasBegun = false;
    const begin = (): void => {
      if (hasBegun) return;
      hasBegun = true;
      clearTimeout(timer);
      resolve(response);
    };
    const timer = setTimeout(begin, beginMs);
    const response = eventStream(
      async (sink, stop) => {
        try {
          await run(sink, begin, stop);
          begin();
        } catch (error) {
          clearTimeout(timer);
          if (!hasBegun) reject(asHttpError(error));
          else sink.send(asHttpError(error).body);
        }
      },
      { signal }
    );
  });
}

/** What a comment of the stream says until the first word. */
function inWords(progress: ReplyProgress): string {
  if (progress.stage === "waiting")
    return progress.ahead === undefined ? "waiting" : `waiting, ${progress.ahead} in front`;
  if (progress.stage === "encode")
    return `encoding image ${progress.image} of ${progress.images}, layer ${progress.layer} of ${progress.layers}`;
  if (progress.stage === "prefill") return `reading ${progress.tokens} tokens`;
  return "generating";
}
