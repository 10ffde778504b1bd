/** Pieces of GBNF, llama.cpp's grammar language, that every schema needs. */
import type { Json } from "./plain-json.js";

/** A character of a string: one code point, below U+10000, as a character beyond is two to JavaScript's own count. */
export const charRule = "char";

/** Rules by name. No value can be followed by blanks: nothing says when they end. */
export const commonRules: readonly string[] = [
  String.raw`char ::= [^"\\\x7F\x00-\x1F\uD800-\uDFFF\U00010000-\U0010FFFF] | "\\" (["\\/bfnrt] | "u" ([0-9a-cA-CeEfF] hex{3} | [dD] [0-7] hex{2}))`,
  "hex ::= [0-9a-fA-F]",
  String.raw`ws ::= ("\n" [ \t]{0,20} | " ")?`
];

/** The text as GBNF has it. */
export function literal(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

export function literalOf(value: Json): string {
  return literal(JSON.stringify(value));
}

/** @returns `rule` from `min` to `max` times, in parentheses where needed */
export function times(rule: string, min: number, max: number): string {
  if (max === 0) return "";
  return `(${rule}){${min},${max === Infinity ? "" : max}}`;
}

/** Keys other than these, without escapes: an escaped letter would be the same key. */
export function otherKeys(names: readonly string[]): string {
  const notOf = (rests: readonly string[][]): string => {
    const byFirst = new Map<string, string[][]>();
    for (const [first, ...others] of rests)
      if (first !== undefined) byFirst.set(first, [...(byFirst.get(first) ?? []), others]);
    const letters = [...byFirst.keys()].map(inClass).join("");
    const parts = [
      `${keyCharBut(letters)} ${keyCharBut("")}*`,
      ...[...byFirst].map(([first, inner]) => `[${inClass(first)}] ${notOf(inner)}`)
    ];
    const mayEnd = !rests.some((rest) => rest.length === 0);
    return `(${parts.join(" | ")})${mayEnd ? "?" : ""}`;
  };
  const plain = names.map((name) => Array.from(name)).filter((letters) => letters.every(isPlain));
  return `"\\"" ${notOf(plain)} "\\""`;
}

function keyCharBut(letters: string): string {
  return String.raw`[^"\\\x7F\x00-\x1F\uD800-\uDFFF\U00010000-\U0010FFFF` + `${letters}]`;
}

function isPlain(letter: string): boolean {
  const code = letter.codePointAt(0) ?? 0;
  return (
    code >= 0x20 &&
    code < 0x10000 &&
    code !== 0x22 &&
    code !== 0x5c &&
    code !== 0x7f &&
    !(code >= 0xd800 && code <= 0xdfff)
  );
}

function inClass(letter: string): string {
  return `\\u${(letter.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
}
