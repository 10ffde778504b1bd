/** What stands between the quotes of a text: its pattern or format, else any characters of its length. */
import { formatPatterns } from "./formats.js";
import { charRule, times } from "./grammar-text.js";
import { patternRule, PatternUnsupported, type PatternRule } from "./pattern-grammar.js";
import type { StringShape } from "./shapes.js";

/**
 * Of a pattern and a format together one is written, the pattern where a grammar can say it; the finished text is checked
 * against both.
 *
 * @returns null when no text of that length follows it; a string: why a grammar cannot say it
 */
export function textRule({ patterns, formats, minLength, maxLength }: StringShape): PatternRule | string | null {
  const length = { min: minLength, max: maxLength };
  const sources = [...patterns, ...formats.map((format) => formatPatterns[format] ?? "")];
  if (sources.length === 0)
    return { rule: times(charRule, minLength, maxLength), shortest: minLength, longest: maxLength };
  let why = "";
  for (const source of sources) {
    try {
      return patternRule(source, length);
    } catch (error) {
      if (error instanceof SyntaxError) return "the pattern is not a regular expression of ECMAScript";
      if (!(error instanceof PatternUnsupported)) throw error;
      why ||= `the pattern cannot be enforced: it has ${error.message}`;
    }
  }
  return why;
}
