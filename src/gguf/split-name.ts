/** Names of the parts of a split model, as llama.cpp's gguf-split writes and finds them: NAME-00001-of-00003.gguf. */

export interface SplitName {
  /** In front of the numbers. */
  readonly prefix: string;
  /** From 1. */
  readonly part: number;
  readonly parts: number;
}

/** null: not the name of a part. */
export function parseSplitName(name: string): SplitName | null {
  const [, prefix, part, parts] = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/is.exec(name) ?? [];
  if (prefix === undefined || Number(part) === 0 || Number(part) > Number(parts)) return null;
  return { prefix, part: Number(part), parts: Number(parts) };
}

/** Names or paths of all parts, in order; the name itself for a file that is whole. */
export function splitNames(name: string): readonly string[] {
  const split = parseSplitName(name);
  if (split === null) return [name];
  const ending = name.slice(-".gguf".length);
  const number = (value: number) => value.toString().padStart(5, "0");
  return Array.from(
    { length: split.parts },
    (_, index) => `${split.prefix}-${number(index + 1)}-of-${number(split.parts)}${ending}`
  );
}

/** Is it a part behind the first? */
export function isLaterPart(name: string): boolean {
  return (parseSplitName(name)?.part ?? 1) > 1;
}

/** The name of the whole model: without ending and numbers. */
export function nameWithoutSplit(name: string): string {
  return parseSplitName(name)?.prefix ?? name.replace(/\.gguf$/i, "");
}
