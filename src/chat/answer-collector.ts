/** Gathers what the model generates into thought, text and counts, and passes the pieces on as they come. */
import type { TokenEvent } from "../language/generation.js";
import type { GenerationEvent } from "../language/language-model.js";
import { thoughtHeading } from "../language/thought.js";
import type { ReplyChunk, StopReason } from "./types.js";

/** Of a token of the text, or of the mark at its end. */
export type CollectedLogprob = NonNullable<TokenEvent["logprob"]> & { readonly token: number };

export class AnswerCollector {
  readonly tokens: number[] = [];
  text = "";
  stopReason: StopReason = "aborted";
  reusedTokens = 0;
  /** Tokens of the thought, without its marks. */
  thoughtTokens = 0;
  /** Without those of a thought; empty unless they were asked for. */
  readonly logprobs: CollectedLogprob[] = [];
  /** Clock readings in milliseconds; null before the first token. */
  firstTokenAt: number | null = null;
  lastTokenAt: number | null = null;
  readonly #emit: (chunk: ReplyChunk) => void;
  /** Everything inside the thought marks, with the heading. */
  #rawThought: string | null = null;
  #emittedThought = 0;

  constructor(emit: (chunk: ReplyChunk) => void) {
    this.#emit = emit;
  }

  /** The thought without its heading; null when none was opened. */
  get thought(): string | null {
    if (this.#rawThought === null) return null;
    return this.#rawThought.startsWith(thoughtHeading)
      ? this.#rawThought.slice(thoughtHeading.length)
      : this.#rawThought;
  }

  add(event: GenerationEvent): void {
    if (event.type === "prefilled") {
      this.reusedTokens = event.reusedTokens;
    } else if (event.type === "token") {
      this.lastTokenAt = performance.now();
      this.firstTokenAt ??= this.lastTokenAt;
      this.tokens.push(event.token);
      if (event.logprob != null && event.kind !== "thought")
        this.logprobs.push({ token: event.token, ...event.logprob });
      if (event.kind === "thought") {
        this.thoughtTokens += 1;
        this.#addThought(event.text);
      }
      if (event.kind === "text") this.#addText(event.text);
    } else {
      this.stopReason = event.reason;
      if (event.rest.thought !== "") this.#addThought(event.rest.thought);
      this.#addText(event.rest.text);
    }
  }

  #addText(text: string): void {
    this.text += text;
    if (text !== "") this.#emit({ kind: "text", text });
  }

  #addThought(text: string): void {
    this.#rawThought = (this.#rawThought ?? "") + text;
    // Held back while it may still become the heading.
    if (thoughtHeading.startsWith(this.#rawThought)) return;
    const thought = this.thought ?? "";
    const fresh = thought.slice(this.#emittedThought);
    this.#emittedThought = thought.length;
    if (fresh !== "") this.#emit({ kind: "thought", text: fresh });
  }
}
