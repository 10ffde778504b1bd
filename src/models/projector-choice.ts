/** Which projector of a folder goes with a text model, by the names of the files alone. */
import { nameWithoutSplit } from "../gguf/split-name.js";

/** All projectors of a model are the same one in different types; F16 is what the tower computes best from. */
const preferredTypes = ["F16", "BF16", "F32", "Q8_0"];

/** "UD-Q4_K_M", "i1-IQ3_XXS", "mmproj-F16": what a name says about the type of the weights. */
const type = /(?:^|[-._ ])(?:UD[-._]|i1[-._])?(I?Q\d\w*|BF16|FP?16|FP?32|TQ\d_\d|MXFP4\w*)(?=$|[-._ ])/gi;

/**
 * The one to take of the projectors of one model.
 *
 * @param names Of files, with or without folders.
 * @returns one of them; null: there are none
 */
export function preferredProjector(names: readonly string[]): string | null {
  return names.toSorted((a, b) => rankOf(a) - rankOf(b) || a.localeCompare(b))[0] ?? null;
}

function rankOf(name: string): number {
  const written = [...name.replace(/\.gguf$/i, "").matchAll(type)].at(-1)?.[1]?.toUpperCase().replace("FP", "F");
  const rank = preferredTypes.indexOf(written ?? "");
  return rank === -1 ? preferredTypes.length : rank;
}

/**
 * Those of a folder's projectors that can be the text model's own.
 *
 * @param isFlat The folder holds files of several repositories, whose names begin with their repository.
 */
export function projectorsFor(text: string, projectors: readonly string[], { isFlat }: { readonly isFlat: boolean }): string[] {
  const wanted = wordsOf(text);
  return projectors.filter((name) => {
    const words = wordsOf(name);
    if (isFlat && [...words].some((word) => !wanted.has(word))) return false;
    return sameVersion(versionOf(wanted), versionOf(words));
  });
}

/** "mmproj-F16.gguf" does not say which model it belongs to. */
function sameVersion(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (![a, b].every((version) => [...version].some((word) => word.includes("gemma")))) return true;
  return a.size === b.size && [...a].every((word) => b.has(word));
}

/** Of "medgemma-1.5-4b-it-Q4_K_M": medgemma, 1.5, 4b. */
function versionOf(words: ReadonlySet<string>): Set<string> {
  return new Set([...words].filter((word) => /gemma$|^\d+(?:\.\d+)?b?$/.test(word)));
}

/** A name without what says part, type, "GGUF" and "mmproj", in words. */
function wordsOf(name: string): Set<string> {
  const plain = nameWithoutSplit(name.split(/[/\\]/).at(-1) ?? name).replaceAll(type, "").replaceAll(/mmproj(?:[-._]model)?|(?<=[-._])gguf/gi, "");
  const words = plain.toLowerCase().replaceAll(/(gemma)(?=\d)/g, "$1-").replaceAll(/(?<=\D)1_5(?=\D)/g, "1.5").split(/[-_ ]+/);
  return new Set(words.map((word) => word.replaceAll(/^\.+|\.+$/g, "")).filter((word) => word !== ""));
}
