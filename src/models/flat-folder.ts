/** One folder with the files of several repositories: which belong together, by names that begin with their repository. */
import { nameWithoutSplit } from "../gguf/split-name.js";

/** "UD-Q4_K_M", "i1-IQ3_XXS", "mmproj-F16": what a name says about the type of the weights. */
const type = /(?:^|[-._ ])(?:UD[-._]|i1[-._])?(I?Q\d\w*|BF16|FP?16|FP?32|TQ\d_\d|MXFP4\w*)(?=$|[-._ ])/gi;

/** Can the projector be of the repository that the text model is of? "hf_unsloth_mmproj-F16.gguf" says no more than whose it is. */
export function isOfSameRepository(text: string, projector: string): boolean {
  const [wanted, words] = [wordsOf(text), wordsOf(projector)];
  return [...words].every((word) => wanted.has(word)) && sameVersion(versionOf(wanted), versionOf(words));
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
