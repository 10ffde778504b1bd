/** A JSON schema → a grammar that the sampler follows, and the parser of what comes out. */
import type { GbnfJsonBasicSchema, Llama, LlamaGrammar } from "node-llama-cpp";
import { firstLine, MedGemmaError } from "../errors.js";
import { checkSchema } from "./json-schema.js";

export interface JsonGrammar {
  readonly grammar: LlamaGrammar;
  /** Parses and validates a finished answer. @throws MedGemmaError SCHEMA_INVALID */
  parse(text: string): unknown;
}

/** @throws MedGemmaError SCHEMA_INVALID */
export async function compileSchema(llama: Llama, schema: object): Promise<JsonGrammar> {
  checkSchema(schema);
  try {
    const grammar = await llama.createGrammarForJsonSchema(schema as GbnfJsonBasicSchema);
    return { grammar, parse: (text) => parseAnswer(grammar.parse.bind(grammar), text) };
  } catch (error) {
    throw new MedGemmaError("SCHEMA_INVALID", `The JSON schema cannot be used: ${firstLine(error)}.`, { cause: error });
  }
}

function parseAnswer(parse: (text: string) => unknown, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new MedGemmaError(
      "SCHEMA_INVALID",
      "The answer does not follow the JSON schema: it was cut off or never begun. Allow more tokens (--max-tokens).",
      { cause: error }
    );
  }
}
