/** A schema → a grammar that the sampler follows, and the value of what comes out. */
import type { GbnfJsonBasicSchema, Llama, LlamaGrammar } from "node-llama-cpp";
import { firstLine, MedGemmaError } from "../errors.js";
import { grammarSchema } from "./grammar-schema.js";
import { checkSchema, type JsonSchema } from "./json-schema.js";
import type { JsonTokens } from "./json-tokens.js";
import { isStandardSchema, jsonSchemaOf, validated, type StandardSchema } from "./standard-schema.js";

/** An answer as far as it came. */
export interface FinishedText {
  readonly text: string;
  /** Whether the model ended it; otherwise the limit cut it. */
  readonly isEnded: boolean;
  /** All that were generated, thought included. */
  readonly tokens: number;
}

export interface JsonGrammar {
  readonly grammar: LlamaGrammar;
  readonly tokens: JsonTokens;
  readonly schema: object;
  /**
   * The value of a whole answer, checked once more. What was cut off is never completed: a finding that nobody saw would be in it.
   *
   * @throws MedGemmaError SCHEMA_INVALID
   */
  parse(answer: FinishedText): Promise<unknown>;
}

/** @throws MedGemmaError SCHEMA_INVALID */
export async function compileSchema(llama: Llama, tokens: JsonTokens, given: object | StandardSchema): Promise<JsonGrammar> {
  const standard = isStandardSchema(given) ? given : null;
  const schema = standard === null ? given : jsonSchemaOf(standard);
  checkSchema(schema, { isCheckedLater: standard !== null });
  const parts = grammarSchema(schema as JsonSchema);
  try {
    const checker = await llama.createGrammarForJsonSchema(parts.schema as GbnfJsonBasicSchema);
    const template = await llama.createGrammarForJsonSchema(parts.template as GbnfJsonBasicSchema);
    const grammar = await llama.createGrammar({ grammar: parts.complete(template.grammar) });
    return {
      grammar,
      tokens,
      schema,
      parse: async (answer) => {
        const value = parseWhole(answer, (text) => checker.parse(text));
        return standard === null ? value : await validated(standard, value);
      }
    };
  } catch (error) {
    throw new MedGemmaError("SCHEMA_INVALID", `The JSON schema cannot be used: ${firstLine(error)}.`, { cause: error });
  }
}

function parseWhole({ text, isEnded, tokens }: FinishedText, parse: (text: string) => unknown): unknown {
  // 12 may have been going to be 120.
  const isNumber = /\d$/.test(text);
  try {
    if (isEnded || !isNumber) return parse(text);
  } catch (error) {
    if (isEnded) throw new MedGemmaError("SCHEMA_INVALID", "The answer was ended by the model, but does not follow the JSON schema, for example because a key is there twice. Ask again with another --seed.", { cause: error });
  }
  throw new MedGemmaError(
    "SCHEMA_INVALID",
    text === ""
      ? `No JSON was begun within ${tokens} tokens: they went into the thought. Allow more (--max-tokens), or a shorter thought (--thought-budget).`
      : `The answer was cut off after ${tokens} tokens, before its JSON was whole. Allow more (--max-tokens, --context), or bound its texts (maxLength) and lists (maxItems) in the schema.`
  );
}
