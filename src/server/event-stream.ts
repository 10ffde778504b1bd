/** Server-sent events: a response that begins at once, stays alive while the model computes, and ends when nobody reads. */

/** Proxies and clients end a connection that says nothing: Node's fetch after 300 s, many proxies after 60 s. */
const pingMs = 10_000;

/** What a client that reads nothing may cost; a whole answer is a tenth of it. */
const maxBufferedBytes = 4 * 1024 ** 2;

export interface EventSink {
  /** One event with a JSON value, or the word that ends a stream. */
  send(data: unknown, event?: string): void;
  /** What clients pass over. */
  comment(text: string): void;
}

/**
 * @param run Sends the events; its end closes the stream. Its signal fires when the client goes away, or stops reading.
 * @param headers Further headers.
 */
export function eventStream(
  run: (sink: EventSink, signal: AbortSignal) => Promise<void>,
  { signal, headers = {} }: { readonly signal: AbortSignal; readonly headers?: Readonly<Record<string, string>> }
): Response {
  const gone = new AbortController();
  const either = AbortSignal.any([signal, gone.signal]);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const write = (text: string): void => {
          if (either.aborted) return;
          controller.enqueue(encoder.encode(text));
          if ((controller.desiredSize ?? 0) < 0) gone.abort(new Error("The client does not read."));
        };
        const sink: EventSink = {
          send: (data, event) =>
            write(
              `${event === undefined ? "" : `event: ${event}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`
            ),
          comment: (text) => write(`: ${text}\n\n`)
        };
        const ping = setInterval(() => sink.comment("ping"), pingMs);
        ping.unref();
        sink.comment("medgemma-local");
        void run(sink, either)
          .catch(() => undefined) // it sends its failures itself
          .finally(() => {
            clearInterval(ping);
            if (either.aborted) controller.error(new Error("The client went away."));
            else controller.close();
          })
          .catch(() => undefined); // closed by the client meanwhile
      },
      cancel: () => gone.abort(new Error("The client went away."))
    },
    new ByteLengthQueuingStrategy({ highWaterMark: maxBufferedBytes })
  );
  return new Response(body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no", // nginx would keep the words back
      ...headers
    }
  });
}

/**
 * A JSON answer that may take minutes: with its right status when it is there soon, otherwise with headers first and blanks until it
 * is, which JSON allows. What fails after that is an error in the body of a response of status 200.
 */
export async function patientJson(
  work: Promise<unknown>,
  {
    failed,
    gone,
    waitMs = 20_000
  }: {
    /** The body of a failure. */
    readonly failed: (error: unknown) => unknown;
    /** Called when the client goes away. */
    readonly gone: () => void;
    readonly waitMs?: number | undefined;
  }
): Promise<Response> {
  const late = Symbol("late");
  let timer: NodeJS.Timeout | undefined;
  const first = await Promise.race([
    work,
    new Promise<typeof late>((resolve) => {
      timer = setTimeout(() => resolve(late), waitMs);
    })
  ]).finally(() => clearTimeout(timer));
  const headers = { "content-type": "application/json", "cache-control": "no-store" };
  if (first !== late) return new Response(JSON.stringify(first), { headers });
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const blank = setInterval(() => {
        if ((controller.desiredSize ?? 0) > -64) controller.enqueue(encoder.encode(" "));
      }, pingMs);
      blank.unref();
      controller.enqueue(encoder.encode(" "));
      void work
        .catch(failed)
        .then((value) => {
          controller.enqueue(encoder.encode(JSON.stringify(value)));
          controller.close();
        })
        .catch(() => undefined) // closed by the client meanwhile
        .finally(() => clearInterval(blank));
    },
    cancel: gone
  });
  return new Response(body, { headers });
}
