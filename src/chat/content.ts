/** What a question consists of: texts and pictures, in order. */
import { squaresOf, type SquareImage } from "../image/types.js";
import type { CountedPart } from "./conversation-prompt.js";

/** A piece of a question as a conversation keeps it: the picture is the one that the model saw. */
export type StoredPart = string | SquareImage;

export function countedPartsOf(content: readonly StoredPart[]): CountedPart[] {
  return content.map((part) => (typeof part === "string" ? part : { squares: squaresOf(part).length }));
}

export function imagesOf(content: readonly StoredPart[]): SquareImage[] {
  return content.filter((part) => typeof part !== "string");
}

/** The texts alone, for people. */
export function textOf(content: readonly StoredPart[]): string {
  return content.filter((part) => typeof part === "string").join(" ");
}
