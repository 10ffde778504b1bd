/** What the server did, in numbers, for Prometheus. Never a prompt, an image, an answer, or a name of a file. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Answer } from "../chat/types.js";

/** Names follow those of llama.cpp's server, with our prefix, so that its dashboards are easily changed. */
export class Metrics {
  readonly #registry = new Registry();
  readonly refused = this.#counter("requests_refused_total", "Requests that were refused because too many waited");
  readonly #requests = new Counter({
    name: "medgemma_requests_total",
    help: "Requests by their end: done, failed or aborted",
    labelNames: ["end"],
    registers: [this.#registry]
  });
  readonly #running = new Gauge({
    name: "medgemma_requests_processing",
    help: "Requests that are answered or wait",
    registers: [this.#registry]
  });
  readonly #promptTokens = this.#counter("prompt_tokens_total", "Tokens of all prompts");
  readonly #cachedTokens = this.#counter(
    "prompt_tokens_cached_total",
    "Those of them that were in the context already"
  );
  readonly #completionTokens = this.#counter("tokens_predicted_total", "Generated tokens");
  readonly #images = this.#counter("images_total", "Images in the questions");
  readonly #encoded = this.#counter("images_encoded_total", "Images that went through the image tower");
  readonly #encodeSeconds = this.#counter("encode_seconds_total", "Time in the image tower");
  readonly #prefillSeconds = this.#counter("prompt_seconds_total", "Time to decode prompts");
  readonly #decodeSeconds = this.#counter("tokens_predicted_seconds_total", "Time to generate");
  readonly #firstToken = new Histogram({
    name: "medgemma_first_token_seconds",
    help: "From the request to the first token",
    buckets: [0.1, 0.3, 1, 3, 10, 30, 100, 300],
    registers: [this.#registry]
  });

  /**
   * A request begins.
   *
   * @param requests How many there are.
   * @returns to be called once, with its answer or how it ended otherwise
   */
  begin(requests: () => number): (end: Answer | "failed" | "aborted") => void {
    this.#running.set(requests());
    return (end) => {
      this.#running.set(requests() - 1);
      this.#requests.inc({ end: typeof end === "string" ? end : "done" });
      if (typeof end !== "string") this.#count(end);
    };
  }

  /** In Prometheus' text format. */
  async text(): Promise<{ readonly type: string; readonly body: string }> {
    return { type: this.#registry.contentType, body: await this.#registry.metrics() };
  }

  #count({ usage, timings, images }: Answer): void {
    this.#promptTokens.inc(usage.promptTokens);
    this.#cachedTokens.inc(usage.reusedTokens);
    this.#completionTokens.inc(usage.completionTokens);
    this.#images.inc(images.length);
    this.#encoded.inc(images.filter(({ cached }) => !cached).length);
    this.#encodeSeconds.inc(timings.encodeMs / 1000);
    this.#prefillSeconds.inc(timings.prefillMs / 1000);
    this.#decodeSeconds.inc(timings.decodeMs / 1000);
    this.#firstToken.observe(timings.firstTokenMs / 1000);
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name: `medgemma_${name}`, help, registers: [this.#registry] });
  }
}
