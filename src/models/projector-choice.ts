/** Projectors by the naming that all converters share: which are the same tower in other types, and which of them to take. */

/** Is it the name of a projector? */
export function isProjectorName(name: string): boolean {
  return /mmproj.*\.gguf$/i.test(name);
}

/** The types that a tower is published in, best first: F16 is what the kernels compute from, and Q8_0 is the only one that loses something. */
const types = ["f16", "bf16", "f32", "q8_0"] as const;

const typeInName = /(?:^|[-._])(bf16|f16|f32|q8_0)(?=[-._]|$)/i;

/** Place in the order of preference; an unknown type comes last. */
function rank(name: string): number {
  const type = typeInName.exec(name.replace(/\.gguf$/i, ""))?.[1]?.toLowerCase();
  const index = types.findIndex((one) => one === type);
  return index === -1 ? types.length : index;
}

/** What is left of a name without "mmproj" and the type: files that share it are the same tower. */
export function towerName(name: string): string {
  return name
    .replace(/\.gguf$/i, "")
    .replace(typeInName, "")
    .replace(/mmproj(?:-model)?/i, "")
    .replace(/[-._]+/g, "-")
    .replace(/^-|-$/g, "")
    .toLowerCase();
}

/** Of one tower in several types, the one to take. undefined: there is none. */
export function preferredProjector<Name extends string>(names: readonly Name[]): Name | undefined {
  return names.toSorted((a, b) => rank(a) - rank(b) || a.length - b.length || a.localeCompare(b))[0];
}
