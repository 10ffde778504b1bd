/** Which published model a file comes from, as its header and its name say: for telling files apart that fit each other by their sizes. */
import { basename } from "node:path";
import type { GgufIdentity } from "../gguf/identify.js";

/** null: nothing says it. */
export interface Lineage {
  readonly family: "MedGemma" | "Gemma 3" | null;
  /** Of MedGemma. */
  readonly version: "1" | "1.5" | null;
  /** "4B" */
  readonly size: string | null;
  /** Trained without images. */
  readonly isTextOnly: boolean;
  /** The pre-trained variant, which follows no instructions. */
  readonly isPretrained: boolean;
}

/** What one name says; null: nothing. */
type Hint = { readonly [Key in keyof Lineage]: Lineage[Key] | null };

/** The header's names count first, the base model's then, the file's name and its folders last. */
export function lineageOf({ name, otherNames, path }: Pick<GgufIdentity, "name" | "otherNames" | "path">): Lineage {
  const own = [name ?? "", ...otherNames, basename(path)].map(hintOf);
  const folders = path.split(/[/\\]/).slice(-3, -1).reverse().map(hintOf);
  const known = [...own, ...folders].find(({ family }) => family !== null);
  const first = <Key extends keyof Lineage>(hints: readonly Hint[], key: Key) => hints.find((hint) => hint[key] !== null)?.[key] ?? null;
  return {
    family: known?.family ?? null,
    version: known?.version ?? null,
    size: known?.size ?? first(own, "size"),
    // A header may call it "Medgemma 27b" where the file is "medgemma-27b-text-it".
    isTextOnly: own.some(({ isTextOnly }) => isTextOnly === true),
    isPretrained: first(own, "isPretrained") === true
  };
}

function hintOf(text: string): Hint {
  const isMedGemma = /medgemma/i.test(text);
  const says = (word: string) => new RegExp(`(?:^|[^a-z])${word}(?:[^a-z]|$)`, "i").test(text);
  return {
    family: isMedGemma ? "MedGemma" : /gemma[-_ ]?3(?!n|\d)/i.test(text) ? "Gemma 3" : null,
    version: !isMedGemma ? null : /medgemma[-_ ]?v?1[._-]5(?!\d)/i.test(text) ? "1.5" : "1",
    size: /(?:^|[^a-z\d])(\d{1,3}b)(?![a-z\d])/i.exec(text)?.[1]?.toUpperCase() ?? null,
    isTextOnly: isMedGemma && says("text") ? true : null,
    isPretrained: says("it") ? false : says("pt") ? true : null
  };
}

/** "MedGemma 1.5 4B"; null: nothing is known. */
export function describeLineage({ family, version, size, isTextOnly }: Lineage): string | null {
  if (family === null) return null;
  return [family, version === "1.5" ? version : null, size, isTextOnly ? "text" : null].filter((part) => part !== null).join(" ");
}

/** Do a text model and a projector say that they come from different models? What nothing says does not count. */
export function isOtherLineage(text: Lineage, projector: Lineage): boolean {
  const differs = (a: unknown, b: unknown) => a !== null && b !== null && a !== b;
  return differs(text.family, projector.family) || differs(text.version, projector.version) || differs(text.size, projector.size);
}
