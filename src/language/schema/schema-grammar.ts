/** Shapes → GBNF, llama.cpp's grammar language: one rule for each set of places, so that a schema can contain itself. */
import { charRule, commonRules, literal, literalOf, otherKeys, times } from "./grammar-text.js";
import { integerRange, numberRule } from "./number-grammar.js";
import { itemsOf, writesAnyProperty, type SchemaReader } from "./schema-reader.js";
import type { Json } from "./plain-json.js";
import { keyOf, type ArrayShape, type ObjectShape, type Places, type Shape, type StringShape } from "./shapes.js";
import { textRule } from "./text-rule.js";

/** @param reader One without problems. */
export function grammarOf(reader: SchemaReader): string {
  return new GrammarWriter(reader).write();
}

class GrammarWriter {
  readonly #reader: SchemaReader;
  readonly #names = new Map<string, string>();
  readonly #rules: string[] = [];

  constructor(reader: SchemaReader) {
    this.#reader = reader;
  }

  write(): string {
    const root = this.#ruleOf([""]);
    return [`root ::= ${root}`, ...this.#rules, ...commonRules].join("\n");
  }

  #ruleOf(places: Places): string {
    const key = keyOf(places);
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = `v${this.#names.size}`;
    this.#names.set(key, name);
    const shapes = this.#reader.writtenShapesOf(places).map((shape) => this.#shape(shape));
    this.#rules.push(`${name} ::= ${shapes.join(" | ")}`);
    return name;
  }

  #shape(shape: Shape): string {
    switch (shape.kind) {
      case "constant":
        return literalOf(shape.value);
      case "number":
        return numberRule(shape.isInteger ? integerRange(shape.range) : shape.range, shape);
      case "string":
        return `"\\"" ${this.#text(shape)} "\\""`;
      case "array":
        return this.#array(shape);
      case "object":
        return this.#object(shape);
    }
  }

  #text(shape: StringShape): string {
    const rule = textRule(shape);
    // Somebody else checks a pattern that no grammar can say; else it would have been refused.
    return typeof rule === "object" && rule !== null ? rule.rule : times(charRule, shape.minLength, shape.maxLength);
  }

  /** The items that have schemas of their own are always written, as properties are, but for those that lead back here. */
  #array(shape: ArrayShape): string {
    const choices = this.#reader.choicesOf(shape);
    if (choices !== null) return `"[" ws ${this.#subset(choices, shape)} ws "]"`;
    const most = itemsOf(shape, (places) => this.#reader.isPossible(places));
    const written = shape.first.findIndex(
      (places, index) => index >= most || (index >= shape.minItems && this.#reader.containsItself(places))
    );
    const first = (written < 0 ? shape.first : shape.first.slice(0, written)).map((places) => this.#ruleOf(places));
    const least = Math.max(0, shape.minItems - first.length);
    // Behind a list of items whose end is open only what has to be there.
    const hasMore = written < 0 && (shape.rest !== null || shape.first.length === 0 || least > 0);
    const mostMore = hasMore ? (shape.rest === null && shape.first.length > 0 ? least : most - first.length) : 0;
    const more = mostMore > 0 ? this.#ruleOf(shape.rest ?? []) : "";
    if (first.length > 0) return `"[" ws ${first.join(' "," ws ')} ${times(`"," ws ${more}`, least, mostMore)} ws "]"`;
    if (mostMore === 0) return '"[" ws "]"';
    const list = `${more} ${times(`"," ws ${more}`, Math.max(0, least - 1), mostMore - 1)} ws`;
    return `"[" ws ${least > 0 ? list : `(${list})?`} "]"`;
  }

  /** Some of the choices, each once: in one order, so that the grammar grows with their number, not with that of their orders. */
  #subset(choices: readonly Json[], { minItems, maxItems }: ArrayShape): string {
    const most = Math.min(maxItems, choices.length);
    // How many there are is counted only as far as it makes a difference.
    const counted = maxItems < choices.length ? maxItems : Math.max(minItems, 1);
    const from = (index: number, taken: number): string => {
      if (index === choices.length || taken === most) return "";
      const key = `${JSON.stringify(choices)} ${minItems} ${maxItems} ${index} ${taken}`;
      const known = this.#names.get(key);
      if (known !== undefined) return known;
      const name = `v${this.#names.size}`;
      this.#names.set(key, name);
      const take = `${taken > 0 ? '"," ws ' : ""}${literalOf(choices[index] ?? null)} ${from(index + 1, Math.min(taken + 1, counted))}`;
      const canSkip = taken + choices.length - index - 1 >= minItems;
      const skip = canSkip ? from(index + 1, taken) : "";
      this.#rules.push(`${name} ::= ${!canSkip ? take : skip === "" ? `(${take})?` : `${take} | ${skip}`}`);
      return name;
    };
    return from(0, 0);
  }

  /** All properties are written, but for those that lead back here or are names among others. */
  #object(shape: ObjectShape): string {
    const possible = [...shape.properties].filter(([, { places }]) => this.#reader.isPossible(places));
    const isFree = ({ isRequired, isFree, places }: (typeof possible)[number][1]) =>
      !isRequired && (isFree || this.#reader.containsItself(places));
    const required = possible.filter(([, { isRequired }]) => isRequired).length;
    let room = shape.maxProperties - required;
    const written = possible.filter(([, property]) => property.isRequired || (!isFree(property) && (room -= 1) >= 0));
    const free =
      shape.maxProperties === Infinity || room >= possible.length - written.length
        ? possible.filter((one) => !written.includes(one))
        : [];
    const entry = ([name, { places }]: (typeof possible)[number]) =>
      `${literal(JSON.stringify(name))} ":" " "? ${this.#ruleOf(places)}`;
    const least = Math.max(0, shape.minProperties - written.length);
    const others = shape.additional ?? (writesAnyProperty(shape) ? [] : null);
    const canHaveOthers = others !== null && this.#reader.isPossible(others);
    const most = canHaveOthers ? shape.maxProperties - written.length - free.length : 0;
    const other = most > 0 ? `${otherKeys([...shape.properties.keys()])} ":" " "? ${this.#ruleOf(others ?? [])}` : "";
    const inOrder = possible
      .filter((one) => written.includes(one) || free.includes(one))
      .map((one) => ({ rule: entry(one), isFree: free.includes(one) }));
    return `"{" ws ${entries(inOrder, { rule: other, least: most > 0 ? least : 0, most })} ws "}"`;
  }
}

interface Entry {
  readonly rule: string;
  /** May be left out. */
  readonly isFree: boolean;
}

/** With commas between them, whichever are left out. */
function entries(
  named: readonly Entry[],
  others: { readonly rule: string; readonly least: number; readonly most: number }
): string {
  const comma = '"," ws';
  const rest = others.most > 0 ? times(`${comma} ${others.rule}`, others.least, others.most) : "";
  const anchor = named.findIndex(({ isFree }) => !isFree);
  const behind = (list: readonly Entry[]) =>
    list.map(({ rule, isFree }) => (isFree ? `(${comma} ${rule})?` : `${comma} ${rule}`)).join(" ");
  if (anchor >= 0) {
    const before = named.slice(0, anchor).map(({ rule }) => `(${rule} ${comma})?`);
    return [...before, named[anchor]?.rule ?? "", behind(named.slice(anchor + 1)), rest].join(" ");
  }
  const beginnings = named.map(({ rule }, index) => `${rule} ${behind(named.slice(index + 1))} ${rest}`);
  if (others.most > 0)
    beginnings.push(
      `${others.rule} ${times(`${comma} ${others.rule}`, Math.max(0, others.least - 1), others.most - 1)}`
    );
  if (beginnings.length === 0) return "";
  return `(${beginnings.join(" | ")})${others.least > 0 ? "" : "?"}`;
}
