/** The options that commands share, each defined once: name, letter, unit and default are the same everywhere. */
import type { Options } from "yargs";
import { parseWindowChoice, windowChoices, type WindowChoice } from "../dicom/window-choice.js";
import { imageFits } from "../image/types.js";
import type { ScaledAdapter } from "../language/lora-adapter.js";
import { gpuBackends, type GpuBackend } from "../native/backend.js";
import { UsageError } from "./output.js";
import { parseLora } from "./parse-lora.js";

export const modelOptions = inGroup("Model:", {
  model: text("model", { alias: "m", describe: 'Model: "demo", an id that "models" lists, such as ollama:medgemma1.5, or a GGUF file (the first part of a split one)  [default: the installed MedGemma, else demo]' }),
  ...mmprojOption(),
  gpu: choice("gpu", ["auto", ...gpuBackends] as const, { describe: "Compute backend: auto, metal, cuda, vulkan, or off for the CPU  [default: auto]" }),
  threads: wholeNumber("threads", { least: 1, describe: "CPU threads  [default: by model size and cores]" }),
  context: wholeNumber("context", { least: 1, describe: "Context size in tokens  [default: 8192, or what the images need]" }),
  lookup: flag({ describe: "Guess tokens from the prompt: faster for answers that quote it" }),
  "image-cache": text("image-cache", { describe: "Private folder to keep image tokens in  [default: none, memory only]" })
});

/** Apart from the others: an adapter changes answers, not images. */
export const loraOption = inGroup("Model:", {
  lora: {
    type: "string",
    requiresArg: true,
    // Not yargs' arrays, which would swallow the question behind it.
    coerce: (given: string | string[]) => [given].flat().map(adapter),
    describe: "LoRA adapter for the text model (GGUF); FILE:0.5 sets its scale; can be repeated"
  }
});

export const imageOptions = inGroup("Image:", {
  fit: choice("fit", imageFits, { describe: "How to make the image square: pad with black, stretch, or pad and add crops of a long image (crops)  [default: pad]" }),
  "no-aspect": flag({ describe: "Show DICOM and NIfTI pixels that are not square as stored, without correction" }),
  window: {
    type: "string",
    requiresArg: true,
    coerce: windowChoice,
    describe: `Window for DICOM and for pictures with more than 8 bits: ${windowChoices}  [default: its first window, else full]`
  },
  frame: wholeNumber("frame", { least: 1, describe: "Frame to show of a DICOM file  [default: 1]" })
});

export const answerOptions = inGroup("Answer:", {
  system: text("system", { alias: "s", describe: "System text: the model's role, how it should answer" }),
  "max-tokens": wholeNumber("max-tokens", { least: 1, describe: "Longest answer in tokens  [default: 1024, with --think 2048]" }),
  temperature: decimal("temperature", { least: 0, most: 10, describe: "0 always picks the likeliest token  [default: 0]" }),
  seed: wholeNumber("seed", { least: 0, most: 2 ** 32 - 1, describe: "Random seed, for a temperature above 0" }),
  think: flag({ describe: "Let the model think before it answers" }),
  "thought-budget": wholeNumber("thought-budget", { least: 0, describe: "Longest thought in tokens  [default: none]" })
});

export const schemaOption = inGroup("Answer:", {
  schema: text("schema", { describe: "File with a JSON schema that the answer must follow" })
});

export const boxesOption = inGroup("Output:", {
  boxes: text("boxes", { describe: "PNG file to write: the image with the boxes of the answer; OUT-1.png … for several images" })
});

export const presetOption = inGroup("Answer:", {
  preset: text("preset", { describe: "Preset: a name that \"presets\" lists, or the path of a .md file; your own words and options take precedence" })
});

export const redactOption = inGroup("Output:", {
  redact: flag({ describe: "Hide image names and paths in everything printed or saved" })
});

export const jsonOption = inGroup("Output:", { json: flag({ describe: "Print one JSON value on stdout" }) });

/** Of every command. */
export const commonOptions = {
  ...inGroup("Network:", { offline: flag({ describe: "Open no network connection at all (also: MEDGEMMA_OFFLINE=1)" }) }),
  ...inGroup("Output:", { debug: flag({ describe: "Show stacks of errors" }) })
} as const;

export interface ModelArguments {
  readonly model?: string | undefined;
  /** null: text alone. */
  readonly mmproj?: string | null | undefined;
  readonly lora?: readonly ScaledAdapter[] | undefined;
  readonly gpu?: GpuBackend | "auto" | undefined;
  readonly threads?: number | undefined;
  readonly context?: number | undefined;
  readonly lookup?: boolean | undefined;
  readonly "image-cache"?: string | undefined;
}

/**
 * The argument `-`, for stdin or stdout. yargs loses a bare one behind a long option and among positionals, so it reads
 * this instead; no real argument can have a zero byte, and what is printed shows only the `-`.
 */
export const standardStream = "\0-";

/** Puts options under a heading of the help. */
export function inGroup<const Table extends Record<string, Options>>(group: string, table: Table) {
  const entries = Object.entries(table).map(([name, option]) => [name, { ...option, group }]);
  return Object.fromEntries(entries) as { readonly [Name in keyof Table]: Table[Name] & { readonly group: string } };
}

export function text(name: string, options: { readonly alias?: string; readonly describe: string }) {
  return { ...options, type: "string", requiresArg: true, coerce: (given: unknown) => single(name, given) } as const satisfies Options;
}

/** A function, as options that use it stand above it. */
export function mmprojOption() {
  const coerce = (given: unknown): string | null | undefined => {
    const value = single("mmproj", given);
    return value === "none" ? null : value;
  };
  const describe = "Projector GGUF file, or none for text alone  [default: the matching one next to the model]";
  return { mmproj: { type: "string", requiresArg: true, describe, coerce } } as const satisfies Record<string, Options>;
}

/** A wrong word is a matter of usage; a window that a file does not have is told by its name, later. */
function windowChoice(given: unknown): WindowChoice | undefined {
  const value = single("window", given);
  try {
    return value === undefined ? undefined : parseWindowChoice(value);
  } catch {
    throw new UsageError(`--window must be ${windowChoices}, but is ${value}.`);
  }
}

function adapter(given: string): ScaledAdapter {
  if (given === standardStream) throw new UsageError("--lora reads no adapter from stdin. Name its file.");
  return parseLora(given);
}

/** What stands behind a `=` is checked by `checkFlags`. */
export function flag(options: { readonly describe: string }) {
  return { ...options, type: "boolean" } as const satisfies Options;
}

/**
 * yargs takes any value of a switch but "true" for false, and of several the last: `--redact=yes` would switch a protection off.
 *
 * @param flags Names of the switches of the command.
 * @throws UsageError
 */
export function checkFlags(args: readonly string[], flags: readonly string[]): void {
  const given = new Map<string, string>();
  for (const [index, arg] of args.entries()) {
    if (arg === "--") return;
    const [, typed = "", behind] = /^--?([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    const name = typed.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (!flags.includes(name)) continue;
    const next = args[index + 1] ?? "";
    const value = behind ?? (/^(?:true|false)$/.test(next) ? next : "true");
    if (value !== "true" && value !== "false") throw new UsageError(`--${name} takes only true or false. Write --${name} alone to switch it on.`);
    if ((given.get(name) ?? value) !== value) throw new UsageError(`--${name} is given as true and as false. Leave one out.`);
    given.set(name, value);
  }
}

export function choice<const Choice extends string>(name: string, choices: readonly Choice[], options: { readonly describe: string }) {
  const coerce = (given: unknown): Choice | undefined => {
    const value = single(name, given);
    const known = choices.find((one) => one === value);
    if (value !== undefined && known === undefined) throw new UsageError(`--${name} must be one of ${choices.join(", ")}, but is ${value}.`);
    return known;
  };
  return { ...options, type: "string", requiresArg: true, coerce } as const satisfies Options;
}

export function wholeNumber(name: string, { least, most = Number.MAX_SAFE_INTEGER, describe }: { readonly least: number; readonly most?: number; readonly describe: string }) {
  const coerce = (given: unknown): number | undefined => {
    const value = single(name, given);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!/^\d+$/.test(value) || number > most || number < least) {
      throw new UsageError(`--${name} must be a whole number from ${least}${most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ""}, but is ${value}.`);
    }
    return number;
  };
  return { type: "string", requiresArg: true, describe, coerce } as const satisfies Options;
}

export function decimal(name: string, { least, most, describe }: { readonly least: number; readonly most: number; readonly describe: string }) {
  const coerce = (given: unknown): number | undefined => {
    const value = single(name, given);
    if (value === undefined) return undefined;
    const number = value.trim() === "" ? Number.NaN : Number(value);
    if (!(number >= least && number <= most)) throw new UsageError(`--${name} must be a number from ${least} to ${most}, but is ${value}.`);
    return number;
  };
  return { type: "string", requiresArg: true, describe, coerce } as const satisfies Options;
}

/** yargs gathers a repeated option into a list; which of the values was meant cannot be known. */
function single(name: string, given: unknown): string | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== "string") throw new UsageError(`--${name} is given more than once.`);
  if (given === "") throw new UsageError(`--${name} needs a value.`);
  return given;
}
