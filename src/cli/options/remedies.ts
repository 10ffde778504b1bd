/** The remedy of a failure as flags and commands of this command line, behind the words of the library. */
import { answerOptions } from "../../chat/answer-options.js";
import { computeOptions } from "../../loading/load-options.js";
import { imageOptions } from "../../image/image-options.js";
import { flagOf } from "../../shared/option.js";
import type { Remedy, RemedyCommand, RemedyOption } from "../../remedy.js";
import { seriesChoices } from "../../series/series-options.js";
import { slideChoices } from "../../slide/slide-options.js";

const described = { ...answerOptions, ...computeOptions, ...imageOptions, ...seriesChoices, ...slideChoices };

/** Options that stand in no table. */
const others: Readonly<Record<Exclude<RemedyOption, keyof typeof described>, string>> = {
  model: "--model",
  mmproj: "--mmproj",
  lora: "--lora",
  images: "--image",
  series: "--series",
  slide: "--slide",
  acceptTerms: "--accept-terms",
  replace: "--replace",
  home: "--to"
};

/** What stands behind a command where the error names nothing. */
const placeholders: Readonly<Record<RemedyCommand, string>> = {
  pull: " ID",
  import: " PATH",
  models: "",
  doctor: "",
  presets: " report"
};

/** @param message What the library says; its last sentence is about the remedy. */
export function withFlags(message: string, remedy: Remedy | null): string {
  if (remedy === null) return message;
  const { option, value, also = [], command, argument } = remedy;
  const first = option === undefined ? [] : [value === undefined ? flagFor(option) : `${flagFor(option)} ${value}`];
  const flags = [...first, ...also.map(flagFor)];
  const named = flags.length === 0 ? message : `${message.replace(/\.$/, "")} (${flags.join(", ")}).`;
  return command === undefined
    ? named
    : `${named} Run: medgemma-local ${command}${argument === undefined ? placeholders[command] : ` ${argument}`}`;
}

function flagFor(option: RemedyOption): string {
  return isOther(option) ? others[option] : `--${flagOf(option, described[option])}`;
}

function isOther(option: RemedyOption): option is keyof typeof others {
  return Object.hasOwn(others, option);
}
