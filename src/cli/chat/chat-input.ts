/** Where the lines of a chat come from: what a person, or a pipe, sends next. */

export type ChatInputEvent =
  | { readonly kind: "line"; readonly text: string; readonly pasted: boolean }
  /** Ctrl-C while nothing runs; `hadText` when it took back a line that was being typed. */
  | { readonly kind: "interrupt"; readonly hadText: boolean }
  /** What comes is not text, so that there is nothing to answer. */
  | { readonly kind: "unreadable" }
  | { readonly kind: "end" };

export interface ChatInput {
  /** The next event; the prompt is shown where there is somebody to see it. */
  next(prompt: string): Promise<ChatInputEvent>;
  /** Ctrl-C and the end of input stop what runs: called for both while no `next` is waiting. */
  onStop: () => void;
  close(): void;
}
