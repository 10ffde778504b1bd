/** Two answers to the same request: how far they are the same, and what made them that is not. */
import type { AnswerImage, AnswerRecord, Provenance } from "./types.js";

/** What an answer depends on, and what of it is other than it was. */
export interface AnswerDifference {
  /** "version": of a program; "settings": threads, context and the like; "pixels": of an image, as the model saw it. */
  readonly kind: "model" | "projector" | "adapters" | "version" | "device" | "settings" | "pixels";
  /** Which one, in words: "llamaCpp", "image 2". */
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

/** How a repeated answer stands to the first. */
export interface AnswerComparison {
  /** Whether every token is the same. */
  readonly isSame: boolean;
  /** Tokens from the first on that are the same. */
  readonly sameTokens: number;
  /** Tokens of the answers. */
  readonly before: number;
  readonly after: number;
  /** What may explain another answer, and what did not matter to the same one. */
  readonly differences: readonly AnswerDifference[];
}

export function compareAnswers(before: AnswerRecord, after: AnswerRecord): AnswerComparison {
  const [was, is] = [before.tokens, after.tokens];
  const parting = was.findIndex((token, index) => token !== is[index]);
  const sameTokens = parting < 0 ? was.length : parting;
  return {
    isSame: sameTokens === was.length && was.length === is.length,
    sameTokens,
    before: was.length,
    after: is.length,
    differences: [
      ...differencesOf(before.provenance, after.provenance),
      ...differentImages(before.images, after.images)
    ]
  };
}

function differencesOf(was: Provenance, is: Provenance): AnswerDifference[] {
  const hash = (file: { readonly sha256: string } | null): string =>
    file === null ? "none" : `sha256 ${file.sha256.slice(0, 12)}…`;
  const hashes = ({ model: { text } }: Provenance): string => [text, ...(text.furtherParts ?? [])].map(hash).join(", ");
  const adapters = ({ model: { lora } }: Provenance): string =>
    lora.map((file) => `${hash(file)} × ${file.scale}`).join(", ") || "none";
  const pairs: [AnswerDifference["kind"], string, (of: Provenance) => unknown][] = [
    ["model", "the text model's file", hashes],
    ["projector", "the projector's file", (of) => hash(of.model.mmproj)],
    ["adapters", "the LoRA adapters", adapters],
    ...Object.keys({ ...was.versions, ...is.versions }).map((name): (typeof pairs)[number] => [
      "version",
      name,
      (of) => (of.versions as Readonly<Record<string, string>>)[name] ?? "unknown"
    ]),
    ["device", "backend", (of) => of.compute.gpu],
    ["device", "GPU", (of) => of.compute.devices.join(", ") || "none"],
    ["device", "CPU", (of) => of.compute.cpu.model],
    ["device", "instruction sets", (of) => of.compute.cpu.features.join(" ")],
    ["device", "kernels", (of) => of.compute.kernels ?? "the fastest"],
    ["settings", "threads of the text model", (of) => of.compute.threads.text],
    ["settings", "threads of the image tower", (of) => of.compute.threads.vision ?? "none"],
    ["settings", "context size", (of) => of.compute.contextSize],
    ["settings", "parallel", (of) => of.compute.parallel],
    ["settings", "prompt lookup", (of) => of.compute.promptLookup]
  ];
  return pairs.flatMap(([kind, what, read]) => difference(kind, what, String(read(was)), String(read(is))));
}

function differentImages(was: readonly AnswerImage[], is: readonly AnswerImage[]): AnswerDifference[] {
  const describe = (image: AnswerImage | undefined): string =>
    image === undefined ? "none" : `${image.width} × ${image.height}, sha256 ${image.sha256.slice(0, 12)}…`;
  const places = Array.from({ length: Math.max(was.length, is.length) }, (_none, index) => index);
  return places.flatMap((index) =>
    was[index]?.sha256 === is[index]?.sha256
      ? []
      : difference("pixels", `image ${index + 1}`, describe(was[index]), describe(is[index]))
  );
}

function difference(kind: AnswerDifference["kind"], what: string, before: string, after: string): AnswerDifference[] {
  return before === after ? [] : [{ kind, what, before, after }];
}
