/** What a question consists of: texts and pictures, in order. */
import type { SquareImage } from "../image/types.js";
import type { PromptPart } from "./types.js";

/** A piece of a question as a conversation keeps it: the picture is the one that the model saw. */
export type StoredPart = string | SquareImage;

/** A question with `images` in front of it, as one list. */
export function partsOf(prompt: string | readonly PromptPart[], images: readonly Exclude<PromptPart, string>["image"][]): PromptPart[] {
  return [...images.map((image) => ({ image })), ...(typeof prompt === "string" ? [prompt] : prompt)];
}

export function imagesOf(content: readonly StoredPart[]): SquareImage[] {
  return content.filter((part) => typeof part !== "string");
}

/** The texts alone, for people. */
export function textOf(content: readonly StoredPart[]): string {
  return content.filter((part) => typeof part === "string").join(" ");
}
