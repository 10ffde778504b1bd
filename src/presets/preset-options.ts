/** What a preset sets besides its words, as options of a question. */
import type { AskOptions } from "../chat/types.js";
import type { Preset } from "./preset.js";

/**
 * What a preset sets besides its words: its name, the JSON schema, `maxTokens` and `think`.
 *
 * @param own What the user sets; it goes first.
 */
export function presetOptions<Own extends AskOptions>({ name, schema, maxTokens, think }: Preset, own: Own): Own & Pick<AskOptions, "preset" | "schema" | "maxTokens" | "think"> {
  return {
    ...own,
    preset: name,
    schema: own.schema ?? schema ?? undefined,
    maxTokens: own.maxTokens ?? maxTokens ?? undefined,
    think: own.think ?? think
  };
}
