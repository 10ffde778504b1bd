/** Conversations with the token ids of Google's processor and template (test/fixtures/README.md). */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Token } from "node-llama-cpp";
import { panAndScan } from "../src/image/pan-and-scan.js";
import type { PromptTurn } from "../src/language/prompt.js";

export interface ReferencePrompt {
  readonly name: string;
  readonly system: string | null;
  readonly turns: readonly PromptTurn[];
  readonly ids: readonly number[];
}

interface Case extends Omit<ReferencePrompt, "turns"> {
  /** `image`: one that is shown whole; `size`: one that is shown with crops. */
  readonly turns: readonly {
    readonly user: readonly (string | { readonly image: string } | { readonly size: readonly [number, number] })[];
    readonly model: string | null;
  }[];
}

/** How the fixtures write the 16 tokens of an image. */
export const imageIds = Array.from({ length: 16 }, () => -1 as Token);

const read = (name: string): unknown =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`fixtures/reference/${name}`, import.meta.url)), "utf8"));

function rendered({ turns, ...rest }: Case): ReferencePrompt {
  const partOf = (part: Case["turns"][number]["user"][number]) => {
    if (typeof part === "string") return part;
    const shown = "size" in part ? panAndScan(...part.size) : [];
    return shown.length === 0 ? imageIds : { whole: imageIds, crops: shown.map(() => imageIds) };
  };
  return { ...rest, turns: turns.map(({ user, model: answer }) => ({ user: user.map(partOf), answer })) };
}

export const wholeImagePrompts = (read("prompts.json") as Case[]).map(rendered);
export const croppedImagePrompts = (read("crops.json") as { readonly prompts: Case[] }).prompts.map(rendered);
