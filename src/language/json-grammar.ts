/** A schema → a grammar that the sampler follows, and the value of what comes out. */
import { firstLine, MedGemmaError } from "../errors.js";
import { compileJsonSchema, type CompiledSchema } from "./schema/compile-schema.js";
import { isStandardSchema, jsonSchemaOf, validated, type StandardSchema } from "./schema/standard-schema.js";
import type { JsonTokens } from "./json-tokens.js";
import type { Grammar, TextHost } from "./host/text-host.js";

/** An answer as far as it came. */
export interface FinishedText {
  readonly text: string;
  /** Whether the model ended it; otherwise the limit cut it. */
  readonly isEnded: boolean;
  /** All that were generated, thought included. */
  readonly tokens: number;
}

export interface JsonGrammar {
  readonly grammar: Grammar;
  readonly tokens: JsonTokens;
  readonly schema: object;
  /**
   * The value of a whole answer, checked once more. What was cut off is never completed: a finding that nobody saw would be in it.
   *
   * @throws MedGemmaError SCHEMA_INVALID
   */
  parse(answer: FinishedText): Promise<unknown>;
}

/** @throws MedGemmaError SCHEMA_INVALID, INVALID_ARGUMENT */
export async function compileSchema(
  host: TextHost,
  tokens: JsonTokens,
  given: object | StandardSchema
): Promise<JsonGrammar> {
  const standard = isStandardSchema(given) ? given : null;
  const schema = standard === null ? given : jsonSchemaOf(standard);
  const compiled = await compileJsonSchema(schema, { isCheckedLater: standard !== null });
  const parse = async (answer: FinishedText): Promise<unknown> => {
    const value = parseWhole(answer);
    if (standard !== null) return await validated(standard, value);
    return checked(value, compiled);
  };
  try {
    return { grammar: await host.compileGrammar(compiled.grammar), tokens, schema, parse };
  } catch (error) {
    throw new MedGemmaError(
      "INTERNAL",
      `llama.cpp refuses the grammar of the JSON schema: ${firstLine(error)}. Please report the schema.`,
      { cause: error }
    );
  }
}

function checked(value: unknown, { complaintAbout }: CompiledSchema): unknown {
  const complaint = complaintAbout(value);
  if (complaint === null) return value;
  throw new MedGemmaError(
    "SCHEMA_INVALID",
    `The answer is complete, but does not follow the JSON schema: ${complaint}. Ask again with another seed, or loosen the schema.`,
    { remedy: { option: "seed" } }
  );
}

function parseWhole({ text, isEnded, tokens }: FinishedText): unknown {
  // 12 may have been going to be 120.
  const value = isEnded || !/\d$/.test(text) ? parseOrNothing(text) : undefined;
  if (value !== undefined) {
    if (keysIn(text) === keysOf(value)) return value;
    throw new MedGemmaError(
      "SCHEMA_INVALID",
      "The answer has a key twice in one JSON object, and only one would be kept. Ask again with another seed.",
      { remedy: { option: "seed" } }
    );
  }
  throw text === ""
    ? new MedGemmaError(
        "SCHEMA_INVALID",
        `No JSON was started within ${tokens} tokens: the thought used them up. Allow more with maxTokens, or a shorter thought with thoughtBudget.`,
        {
          remedy: { option: "maxTokens", also: ["thoughtBudget"] }
        }
      )
    : new MedGemmaError(
        "SCHEMA_INVALID",
        `The answer was cut off after ${tokens} tokens, before its JSON was complete. Bound its texts (maxLength) and lists (maxItems) in the schema, or allow more with maxTokens and contextSize.`,
        { remedy: { option: "maxTokens", also: ["contextSize"] } }
      );
}

/** undefined, which JSON does not have, for what is not JSON. */
function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Each has one colon outside of the texts. */
function keysIn(json: string): number {
  return json.replace(/"(?:[^"\\]|\\.)*"/g, "").split(":").length - 1;
}

function keysOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inner = Object.values(value).reduce<number>((sum, one) => sum + keysOf(one), 0);
  return Array.isArray(value) ? inner : inner + Object.keys(value).length;
}
