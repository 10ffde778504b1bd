/** The options that commands share, each defined once: name, letter, unit and default are the same everywhere. */
import type { Options } from "yargs";
import { answerOptions } from "../../chat/answer-options.js";
import { computeOptions } from "../../loading/load-options.js";
import { imageOptions } from "../../image/image-options.js";
import { seriesChoices } from "../../series/series-options.js";
import { slideChoices } from "../../slide/slide-options.js";
import type { ScaledAdapter } from "../../language/lora/lora-adapter.js";
import { flagsOf, single } from "./flags.js";
import { UsageError } from "../terminal/output.js";
import { parseLora } from "./parse-lora.js";

/** Which model, for commands that read its files only. */
export const modelFiles = inGroup("Model:", {
  model: text("model", {
    alias: "m",
    describe:
      'Model: "demo", an id that "models" lists, such as ollama:medgemma1.5, or a GGUF file (the first part of a split one)  [default: the installed MedGemma, else demo]'
  }),
  ...mmprojOption()
});

export const modelOptions = {
  ...modelFiles,
  ...flagsOf(computeOptions, "Model:"),
  ...inGroup("Model:", {
    "image-cache": text("image-cache", {
      describe: "Private folder to keep image tokens in  [default: none, memory only]"
    })
  })
};

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

export const imageFlags = flagsOf(imageOptions, "Image:");

const seriesOption = inGroup("Series:", {
  series: {
    type: "string",
    requiresArg: true,
    // Not yargs' arrays, which would swallow the question behind it.
    coerce: (given: string | string[]) => [given].flat(),
    describe: "CT or MR series: a folder, a DICOMDIR, DICOM files (repeat it), or one NIfTI file"
  }
});

/** `--series` and its choices. */
export const seriesFlags = { ...seriesOption, ...flagsOf(seriesChoices, "Series:") };

/** `--slide` and its choices. */
export const slideFlags = {
  ...inGroup("Slide:", {
    slide: text("slide", {
      describe:
        "Pathology slide: tiled TIFF, SVS, OME-TIFF, SCN, BIF, NDPI, or DICOM (a file or its folder); its patches with tissue are shown"
    })
  }),
  ...flagsOf(slideChoices, "Slide:")
};

export const answerFlags = {
  ...inGroup("Answer:", {
    system: text("system", { alias: "s", describe: "System text: the model's role, how it should answer" })
  }),
  ...flagsOf(answerOptions, "Answer:")
};

export const schemaOption = inGroup("Answer:", {
  schema: text("schema", { describe: "File with a JSON schema that the answer must follow" })
});

export const boxesOption = inGroup("Output:", {
  boxes: text("boxes", {
    describe: "PNG file to write: the image with the boxes of the answer; OUT-1.png … for several images"
  })
});

export const presetOption = inGroup("Answer:", {
  preset: text("preset", {
    describe:
      'Preset: a name that "presets" lists, or the path of a .md file; your own words and options take precedence'
  })
});

export const redactOption = inGroup("Output:", {
  redact: flag({ describe: "Hide image names and paths in everything printed or saved" })
});

export const jsonOption = inGroup("Output:", { json: flag({ describe: "Print one JSON value on stdout" }) });

/** Of every command. */
export const commonOptions = {
  ...inGroup("Network:", {
    offline: flag({ describe: "Open no network connection at all (also: MEDGEMMA_OFFLINE=1)" })
  }),
  ...inGroup("Output:", { debug: flag({ describe: "Show stacks of errors" }) })
} as const;

/** What `modelOptions` and `loraOption` read, besides the table. */
export interface ModelArguments {
  readonly model?: string | undefined;
  /** null: text alone. */
  readonly mmproj?: string | null | undefined;
  readonly lora?: readonly ScaledAdapter[] | undefined;
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
  return {
    ...options,
    type: "string",
    requiresArg: true,
    coerce: (given: unknown) => single(name, given)
  } as const satisfies Options;
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
    if (value !== "true" && value !== "false")
      throw new UsageError(`--${name} takes only true or false. Write --${name} alone to switch it on.`);
    if ((given.get(name) ?? value) !== value)
      throw new UsageError(`--${name} is given as true and as false. Leave one out.`);
    given.set(name, value);
  }
}

export function wholeNumber(
  name: string,
  {
    least,
    most = Number.MAX_SAFE_INTEGER,
    describe
  }: { readonly least: number; readonly most?: number; readonly describe: string }
) {
  const coerce = (given: unknown): number | undefined => {
    const value = single(name, given);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!/^\d+$/.test(value) || number > most || number < least) {
      throw new UsageError(
        `--${name} must be a whole number from ${least}${most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ""}, but is ${value}.`
      );
    }
    return number;
  };
  return { type: "string", requiresArg: true, describe, coerce } as const satisfies Options;
}

export function decimal(
  name: string,
  { least, most, describe }: { readonly least: number; readonly most: number; readonly describe: string }
) {
  const coerce = (given: unknown): number | undefined => {
    const value = single(name, given);
    if (value === undefined) return undefined;
    const number = value.trim() === "" ? Number.NaN : Number(value);
    if (!(number >= least && number <= most))
      throw new UsageError(`--${name} must be a number from ${least} to ${most}, but is ${value}.`);
    return number;
  };
  return { type: "string", requiresArg: true, describe, coerce } as const satisfies Options;
}
