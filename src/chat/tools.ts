/**
 * Tools by grammar. Gemma 3 has no tokens for calls, so the declarations stand in the system text, in the words of Google's page on
 * function calling (ai.google.dev/gemma/docs/capabilities/function-calling), and the answer follows a schema that is the union of all
 * calls and an answer: a call names a tool that exists, with arguments that its schema allows.
 */
import { MedGemmaError } from "../errors.js";

/** A tool as a program declares it. */
export interface ToolDeclaration {
  readonly name: string;
  readonly description?: string | undefined;
  /** JSON schema of the arguments, an object; left out: no arguments. */
  readonly parameters?: object | undefined;
}

/** "auto": the model calls a tool or answers. "required": it calls one. Otherwise it calls the named one. */
export type ToolChoice = "auto" | "required" | { readonly name: string };

/** A call that the model makes. */
export interface ToolCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

const noArguments = { type: "object", properties: {}, additionalProperties: false };

/** The system text with the declarations behind it. */
export function withToolDeclarations(
  system: string | null,
  tools: readonly ToolDeclaration[],
  choice: ToolChoice
): string {
  const declared = tools.map(({ name, description, parameters = noArguments }) =>
    JSON.stringify({ name, ...(description === undefined ? {} : { description }), parameters })
  );
  const call = '{"tool": function_name, "arguments": dictionary of argument name and its value}';
  const how =
    choice === "auto"
      ? `You have access to functions. If you decide to invoke a function, you MUST put it in the format of ${call}. If no function is needed, answer in the format of {"answer": your answer}.`
      : `You have access to functions. You MUST invoke a function, in the format of ${call}.`;
  return [system, `${how}\n\n${declared.join("\n")}`].filter((text) => text !== null && text !== "").join("\n\n");
}

/**
 * What the answer must follow.
 *
 * @param answer Schema of an answer that is no call. Default: any text.
 * @throws MedGemmaError INVALID_ARGUMENT for a choice of a tool that is not declared
 */
export function toolSchema(
  tools: readonly ToolDeclaration[],
  choice: ToolChoice,
  answer: object = { type: "string" }
): object {
  const chosen = typeof choice === "string" ? tools : tools.filter(({ name }) => name === choice.name);
  if (chosen.length === 0)
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `No tool is declared${typeof choice === "string" ? "" : ` with the name ${choice.name}`}, but one must be called.`
    );
  const calls = chosen.map(({ name, parameters = noArguments }) =>
    objectOf({ tool: { const: name }, arguments: parameters })
  );
  const all = choice === "auto" ? [...calls, objectOf({ answer })] : calls;
  return all.length === 1 ? (all[0] ?? {}) : { anyOf: all };
}

/** A value that `toolSchema` allows, as a call or an answer. */
export function readToolAnswer(value: unknown): { readonly call: ToolCall } | { readonly answer: unknown } {
  const read = value as {
    readonly tool?: string;
    readonly arguments?: ToolCall["arguments"];
    readonly answer?: unknown;
  };
  if (read.tool === undefined) return { answer: read.answer };
  return { call: { name: read.tool, arguments: read.arguments ?? {} } };
}

/** A call as the model wrote it, for the turns of a conversation. */
export function toolCallText({ name, arguments: given }: ToolCall): string {
  return JSON.stringify({ tool: name, arguments: given });
}

/** What a tool gave back, for a user turn: Gemma has no other. */
export function toolResultText(name: string, result: string): string {
  return `<tool_result name=${JSON.stringify(name)}>\n${result}\n</tool_result>`;
}

function objectOf(properties: Readonly<Record<string, object>>): object {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
}
