/** A conversation as data: what a program reads from a chat, and what a new chat begins with. */
import {
  checkArgument,
  checkOptions,
  flag,
  isObject,
  listOf,
  oneOf,
  orNull,
  refuseUnreadable,
  text,
  type RulesOf
} from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";
import { imageOptions, type ImageOptions } from "../image/image-options.js";
import type { ImageSource, SquareImage } from "../image/types.js";
import { pick, rulesOf } from "../shared/option.js";
import { checkPrompt } from "./ask-options.js";
import type { StoredPart } from "./content.js";
import type { StoredTurn } from "./conversation-file.js";
import { stopReasons, type AssistantTurn, type ChatTurn, type Provenance, type UserTurn } from "./types.js";

const userRules: RulesOf<UserTurn> = {
  role: oneOf(["user", "assistant"]),
  content: { expected: "a string, or a list of strings and { image }", holds: () => true }, // looked at by checkPrompt
  raw: flag,
  ...rulesOf(imageOptions)
};

const assistantRules: RulesOf<AssistantTurn> = {
  role: userRules.role,
  text,
  thought: orNull(text),
  stopReason: oneOf(stopReasons),
  model: text
};

/** @throws MedGemmaError INVALID_ARGUMENT for what is no turn, and where user and assistant do not take turns */
export function checkTurns(turns: unknown): void {
  if (turns !== undefined) refuseUnreadable("turns", () => checkEach(turns));
}

function checkEach(turns: unknown): void {
  checkArgument("turns", turns, listOf({ expected: "an object", holds: isObject }));
  const all = turns as readonly ChatTurn[];
  for (const [index, turn] of all.entries()) {
    const what = `turns[${index}]`;
    const role = index % 2 === 0 ? "user" : "assistant";
    if (turn.role !== role)
      throw new MedGemmaError(
        "INVALID_ARGUMENT",
        `User and assistant take turns, and the user begins: ${what} must be of the ${role}, but is of ${typeof turn.role === "string" ? `the ${turn.role}` : "nobody"}.`
      );
    checkOptions(`The properties of ${what}`, turn, role === "user" ? userRules : assistantRules);
    if (turn.role === "user") checkPrompt(turn.content);
    else checkArgument(`The text of ${what}`, turn.text, text);
  }
  if (all.length % 2 === 1)
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `turns end with a question that nobody answered. Leave turns[${all.length - 1}] out, and ask it.`
    );
}

/** @param prepare Makes an image into what the model sees. */
export async function storeTurns(
  turns: readonly ChatTurn[],
  prepare: (image: ImageSource, options: ImageOptions) => Promise<SquareImage>
): Promise<StoredTurn[]> {
  const stored: StoredTurn[] = [];
  let user: UserTurn | null = null;
  for (const turn of turns) {
    if (turn.role === "user") user = turn;
    else if (user !== null) stored.push(await storeTurn(user, turn, prepare));
  }
  return stored;
}

async function storeTurn(
  user: UserTurn,
  { text: answer, thought = null, stopReason = "end" }: AssistantTurn,
  prepare: (image: ImageSource, options: ImageOptions) => Promise<SquareImage>
): Promise<StoredTurn> {
  const content: StoredPart[] = [];
  for (const part of typeof user.content === "string" ? [user.content] : user.content) {
    content.push(typeof part === "string" ? part : await prepare(part.image, pick(imageOptions, user)));
  }
  return { content, answer, thought, stopReason, isRaw: user.raw ?? false, request: null, provenance: null };
}

/** With the images as the model saw them, so that a new chat can begin with the same. */
export function readTurn({
  content,
  answer,
  thought,
  stopReason,
  isRaw,
  provenance
}: StoredTurn): [UserTurn, AssistantTurn] {
  const parts = content.map((part) => (typeof part === "string" ? part : { image: part }));
  return [
    { role: "user", content: parts, ...(isRaw ? { raw: true } : {}) },
    { role: "assistant", text: answer, thought, stopReason, ...modelOf(provenance) }
  ];
}

/** A saved file may say anything. */
function modelOf(provenance: Provenance | null): Pick<AssistantTurn, "model"> {
  const id: unknown = (provenance as { readonly model?: { readonly id?: unknown } } | null)?.model?.id;
  return typeof id === "string" ? { model: id } : {};
}
