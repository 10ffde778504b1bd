/** What a preset sets besides its words, as options of a question. */
import type { AskOptions } from "../chat/types.js";
import { checkArgument, isPlain, refuseUnreadable } from "../shared/check-arguments.js";
import { checkPreset, type Preset } from "./preset.js";

/**
 * What a preset sets besides its words: its name, the JSON schema, `maxTokens`, `think` and `raw`.
 *
 * @param own What the user sets; it goes first.
 * @throws MedGemmaError INVALID_ARGUMENT
 */
export function presetOptions<Own extends AskOptions>(
  preset: Preset,
  own: Own = {} as Own
): Own & Pick<AskOptions, "schema" | "maxTokens" | "think" | "raw"> & { readonly preset: string } {
  checkPreset(preset);
  // Their names are looked at where they are used.
  checkArgument("The options of a question", own, { expected: "a plain object", holds: (value) => isPlain(value) });
  refuseUnreadable("The options of a question", () => {
    Object.values(own);
  });
  const { name, schema, maxTokens, think, raw } = preset;
  return {
    ...own,
    preset: name,
    schema: own.schema ?? schema ?? undefined,
    maxTokens: own.maxTokens ?? maxTokens ?? undefined,
    think: own.think ?? think,
    raw: own.raw ?? (raw === true ? true : undefined)
  };
}
