/** Tools of a request, and their calls in its messages. */
import { toolResultText, withToolDeclarations, type ToolChoice, type ToolDeclaration } from "../../chat/tools.js";
import { HttpError } from "../http-error.js";
import type { ChatRequest, RequestMessage } from "./chat-request.js";

export interface Tools {
  readonly declared: readonly ToolDeclaration[];
  readonly choice: ToolChoice;
}

/**
 * null: the model is not told of tools, and calls none.
 *
 * @throws HttpError 400
 */
export function toolsOf({ tools, tool_choice: choice = "auto" }: ChatRequest): Tools | null {
  const declared = (tools ?? []).map(({ function: { name, description, parameters } }) => ({
    name,
    description,
    parameters
  }));
  if (choice === "none") return null;
  if (declared.length === 0) {
    if (choice === "auto" || choice === null) return null;
    throw invalid("tool_choice", "needs tools");
  }
  const names = declared.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid("tools", `declares ${twice} twice`);
  if (choice === null || typeof choice === "string") return { declared, choice: choice ?? "auto" };
  if (!names.includes(choice.function.name)) throw invalid("tool_choice", "names a tool that is not declared");
  return { declared, choice: { name: choice.function.name } };
}

export function toolPrompt(system: string | null, { declared, choice }: Tools): string {
  return withToolDeclarations(system, declared, choice);
}

/**
 * The result of a tool as a text of the user.
 *
 * @throws HttpError 400 for a result of a call that nobody made
 */
export function toolTurn(
  { tool_call_id: id, content }: Extract<RequestMessage, { readonly role: "tool" }>,
  messages: readonly RequestMessage[],
  where: string
): string {
  const call = messages
    .flatMap((message) => (message.role === "assistant" ? (message.tool_calls ?? []) : []))
    .find((made) => made.id === id);
  if (call === undefined) throw invalid(`${where}.tool_call_id`, "is of no call in the messages in front");
  const text = typeof content === "string" ? content : content.map((part) => part.text).join("");
  return toolResultText(call.function.name, text);
}

function invalid(param: string, what: string): HttpError {
  return new HttpError(400, "invalid_value", `${param} ${what}.`, { param });
}
