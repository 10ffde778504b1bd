/**
 * A written-down conversation put to a model as it stands: its prompt, the logits at every position, the greedy tokens after
 * it. For comparisons with other programs and other weights; a person talks with `Chat`.
 */
import { dirname, resolve } from "node:path";
import type { LanguageModel } from "../language/language-model.js";
import type { ImageTokens } from "../vision/image-token-cache.js";
import { encodeImages, type ModelParts } from "./encode-images.js";

export interface Transcript {
  readonly system: string | null;
  readonly turns: readonly {
    readonly user: readonly (string | { readonly image: string })[];
    /** null in the last turn, which is to be answered. */
    readonly model: string | null;
  }[];
}

/** A prompt as token ids; virtual ids stand for image tokens. */
export type PromptIds = ReturnType<LanguageModel["renderPrompt"]>;

export interface Prompt {
  readonly tokens: PromptIds;
  /** Of each image in order. */
  readonly images: readonly ImageTokens[];
}

/**
 * @param file The file that the transcript is from: image paths are relative to its folder.
 * @throws MedGemmaError as `Chat.ask`
 */
export async function promptOf(parts: ModelParts, { system, turns }: Transcript, file: string): Promise<Prompt> {
  const paths = turns.flatMap(({ user }) =>
    user.flatMap((part) => (typeof part === "string" ? [] : [resolve(dirname(file), part.image)]))
  );
  const encoded = await encodeImages(parts, paths, {});
  const ids = encoded.map(({ result: { tokens } }) => parts.language.addImage(tokens.key, tokens.data)).values();
  const rendered = turns.map(({ user, model }) => ({
    user: user.map((part) => (typeof part === "string" ? part : (ids.next().value ?? []))),
    answer: model
  }));
  return { tokens: parts.language.renderPrompt(system, rendered), images: encoded.map(({ result }) => result.tokens) };
}

/** The next `count` tokens by greedy decoding, through the ordinary way of an answer; end marks do not end it. */
export async function greedyTokens({ language }: ModelParts, prompt: PromptIds, count: number): Promise<PromptIds> {
  const made: PromptIds = [];
  while (made.length < count) {
    const before = made.length;
    const events = language.generate([...prompt, ...made], { maxTokens: count - made.length, temperature: 0 });
    for await (const event of events) if (event.type === "token") made.push(event.token);
    if (made.length === before) break; // the context is full
  }
  return made;
}
