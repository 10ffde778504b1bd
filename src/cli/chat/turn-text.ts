/** A turn of a conversation for people. */
import type { ChatTurn, UserTurn } from "../../chat/types.js";

/** What was said, without images. */
export function textOf(turn: ChatTurn): string {
  if (turn.role === "assistant") return turn.text;
  return typeof turn.content === "string"
    ? turn.content
    : turn.content.filter((part) => typeof part === "string").join(" ");
}

/** Names of its images. */
export function sourcesOf({ content }: UserTurn): string[] {
  const images =
    typeof content === "string" ? [] : content.flatMap((part) => (typeof part === "string" ? [] : [part.image]));
  return images.flatMap((image) => (typeof image === "object" && "source" in image ? [image.source] : []));
}
