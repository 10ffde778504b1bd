/**
 * A regular expression → GBNF for the inside of a JSON string. Of the expressions of ECMAScript those that a grammar can say: no
 * lookaround, no references back, no properties of characters.
 */
import { RegExpParser, type AST } from "@eslint-community/regexpp";
import { charRule } from "./grammar-text.js";

export interface PatternRule {
  readonly rule: string;
  /** Code points of the shortest and the longest text. */
  readonly shortest: number;
  readonly longest: number;
}

/** What a grammar cannot say. The message is the reason, to stand behind "it has". */
export class PatternUnsupported extends Error {}

/** A repeated part, so that a whole expression can be held to a length by how often its one open part comes. */
interface Part extends PatternRule {
  readonly repeated?: { readonly unit: PatternRule; readonly min: number; readonly max: number };
}

type Range = readonly [first: number, last: number];

/**
 * @param source Checked: JavaScript takes it, with the flag u.
 * @param length Of the whole text. Several open parts cannot be held to it.
 * @returns null when no text of that length can follow it
 * @throws PatternUnsupported
 */
export function patternRule(
  source: string,
  length: { readonly min: number; readonly max: number }
): PatternRule | null {
  const { alternatives } = new RegExpParser().parsePattern(source, 0, source.length, { unicode: true });
  const rules = alternatives.map(topLevel).map((parts) => withLength(parts, length));
  const possible = rules.filter((rule) => rule !== null);
  return possible.length === 0 ? null : anyOf(possible);
}

function topLevel({ elements }: AST.Alternative): Part[] {
  const isEdge = (element: AST.Element | undefined, kind: "start" | "end") =>
    element?.type === "Assertion" && element.kind === kind;
  const [starts, ends] = [isEdge(elements[0], "start"), isEdge(elements.at(-1), "end")];
  const inner = elements.slice(starts ? 1 : 0, ends ? -1 : undefined);
  const anything = repeated({ rule: charRule, shortest: 1, longest: 1 }, 0, Infinity);
  const parts = inner.map(partOf);
  // Beside anything, a repetition is as good as its least.
  const [first, last] = [0, parts.length - 1];
  if (!starts) parts.splice(first, 1, ...leastOf(parts[first]));
  if (!ends) parts.splice(last, 1, ...leastOf(parts[last]));
  return [...(starts ? [] : [anything]), ...parts, ...(ends ? [] : [anything])];
}

function leastOf(part: Part | undefined): Part[] {
  return part?.repeated === undefined
    ? part === undefined
      ? []
      : [part]
    : [repeated(part.repeated.unit, part.repeated.min, part.repeated.min)];
}

/** Where the length is not right by itself, the one part that is repeated so or so often takes it. */
function withLength(
  parts: readonly Part[],
  { min, max }: { readonly min: number; readonly max: number }
): PatternRule | null {
  const whole = sequence(parts);
  if (whole.shortest > max || whole.longest < min) return null;
  if (whole.shortest >= min && whole.longest <= max) return whole;
  const open = parts.filter(({ shortest, longest }) => shortest !== longest);
  const [part] = open;
  const unit = part?.repeated?.unit;
  if (
    part?.repeated === undefined ||
    open.length > 1 ||
    unit === undefined ||
    unit.shortest !== unit.longest ||
    unit.shortest === 0
  ) {
    throw new PatternUnsupported("parts of different lengths beside minLength or maxLength");
  }
  const others = whole.shortest - part.shortest;
  const least = Math.max(part.repeated.min, Math.ceil((min - others) / unit.shortest));
  const most = Math.min(part.repeated.max, Math.floor((max - others) / unit.shortest));
  return least > most ? null : sequence(parts.map((one) => (one === part ? repeated(unit, least, most) : one)));
}

function partOf(element: AST.Element): Part {
  switch (element.type) {
    case "Character":
    case "CharacterSet":
    case "CharacterClass":
      return { rule: characters(rangesOf(element)), shortest: 1, longest: 1 };
    case "Group":
    case "CapturingGroup":
      return anyOf(element.alternatives.map(({ elements }) => sequence(elements.map(partOf))));
    case "Quantifier":
      return repeated(partOf(element.element), element.min, element.max);
    case "Assertion":
      throw new PatternUnsupported(
        element.kind === "lookahead" || element.kind === "lookbehind"
          ? `a ${element.kind}`
          : `${element.raw} in the middle`
      );
    case "Backreference":
      throw new PatternUnsupported("a reference back");
    default:
      throw new PatternUnsupported(element.raw);
  }
}

function sequence(parts: readonly Part[]): PatternRule {
  return {
    rule: parts.length === 0 ? '""' : `(${parts.map(({ rule }) => rule).join(" ")})`,
    shortest: parts.reduce((sum, { shortest }) => sum + shortest, 0),
    longest: parts.reduce((sum, { longest }) => sum + longest, 0)
  };
}

function anyOf(rules: readonly PatternRule[]): PatternRule {
  const [only] = rules;
  if (only !== undefined && rules.length === 1) return only;
  return {
    rule: `(${rules.map(({ rule }) => rule).join(" | ")})`,
    shortest: Math.min(...rules.map(({ shortest }) => shortest)),
    longest: Math.max(...rules.map(({ longest }) => longest))
  };
}

function repeated(unit: PatternRule, min: number, max: number): Part {
  return {
    rule: max === 0 ? '""' : `${unit.rule}{${min},${max === Infinity ? "" : max}}`,
    shortest: unit.shortest * min,
    longest: unit.longest === 0 ? 0 : unit.longest * max,
    repeated: { unit, min, max }
  };
}

/** U+0000 to U+FFFF without surrogates: a character beyond is one to some counts of a length and two to others. */
const writable: readonly Range[] = [
  [0, 0xd7ff],
  [0xe000, 0xffff]
];
const digit: readonly Range[] = [[0x30, 0x39]];
const word: readonly Range[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a]
];
const space: readonly Range[] = [
  [9, 13],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff]
];
const lineEnd: readonly Range[] = [
  [10, 10],
  [13, 13],
  [0x2028, 0x2029]
];

function rangesOf(element: AST.CharacterClassElement | AST.CharacterClass | AST.CharacterSet): readonly Range[] {
  switch (element.type) {
    case "Character":
      return [[element.value, element.value]];
    case "CharacterClassRange":
      return [[element.min.value, element.max.value]];
    case "CharacterClass": {
      const ranges = element.elements.flatMap((one) =>
        one.type === "ClassStringDisjunction" || one.type === "ExpressionCharacterClass"
          ? unsupported(one.raw)
          : rangesOf(one)
      );
      return element.negate ? allBut(ranges) : ranges;
    }
    case "CharacterSet": {
      if (element.kind === "any") return allBut(lineEnd);
      if (element.kind === "property") return unsupported(element.raw);
      const ranges = { digit, word, space }[element.kind];
      return element.negate ? allBut(ranges) : ranges;
    }
    default:
      return unsupported(element.raw);
  }
}

function unsupported(raw: string): never {
  throw new PatternUnsupported(raw);
}

function allBut(ranges: readonly Range[]): readonly Range[] {
  return ranges.reduce<readonly Range[]>((left, [first, last]) => {
    return left.flatMap(([from, to]): Range[] =>
      [[from, Math.min(to, first - 1)] as const, [Math.max(from, last + 1), to] as const].filter(
        ([one, other]) => one <= other
      )
    );
  }, writable);
}

/** How JSON writes what cannot stand in a string as it is. */
const escapes: readonly (readonly [code: number, text: string])[] = [
  [0x22, '\\"'],
  [0x5c, "\\\\"],
  [8, "\\b"],
  [9, "\\t"],
  [10, "\\n"],
  [12, "\\f"],
  [13, "\\r"]
];

/** Control characters other than those with a letter of their own are left out where others can be had. */
function characters(ranges: readonly Range[]): string {
  const has = (code: number) => ranges.some(([first, last]) => first <= code && code <= last);
  const plain = ranges
    .flatMap(([from, to]) =>
      allBut([
        [0, 0x1f],
        [0x22, 0x22],
        [0x5c, 0x5c],
        [0x7f, 0x7f]
      ]).map(([first, last]): Range => [Math.max(first, from), Math.min(last, to)])
    )
    .filter(([first, last]) => first <= last);
  const parts =
    plain.length === 0
      ? []
      : [`[${plain.map(([first, last]) => (first === last ? hex(first) : `${hex(first)}-${hex(last)}`)).join("")}]`];
  for (const [code, text] of escapes) if (has(code)) parts.push(JSON.stringify(text));
  if (parts.length === 0)
    for (let code = 0; code < 0x20; code += 1)
      if (has(code)) parts.push(`"\\\\u${code.toString(16).padStart(4, "0")}"`);
  if (parts.length === 0) throw new PatternUnsupported("characters beyond U+FFFF");
  return `(${parts.join(" | ")})`;
}

function hex(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}
