/** `repeat`: a recorded answer again, and whether it is the same. */
import type { InferredOptionTypes } from "yargs";
import { loadingOf, readAnswerRecord, repeatAnswer, withImagesAt } from "../../chat/answer-record.js";
import type { AnswerComparison } from "../../chat/compare-answers.js";
import type { Answer } from "../../chat/types.js";
import type { LoadedCommand } from "../commands.js";
import { listenForInterrupt } from "../interrupt.js";
import { openModel } from "../open-model.js";
import { jsonOption, modelOptions, standardStream } from "../options.js";
import { exitCodes, Interrupted, printAnswer, printJson, UsageError } from "../output.js";
import { plainText } from "../plain-text.js";
import { showProgress, StatusLine } from "../status-line.js";

const options = {
  images: {
    type: "string",
    requiresArg: true,
    // Not yargs' arrays, which would swallow the record behind it.
    coerce: (given: string | string[]) => [given].flat(),
    group: "Image:",
    describe:
      "Where the images lie now: their folder, or each file in order (repeat it); of a series its folder, of a slide its file"
  },
  ...modelOptions,
  model: { ...modelOptions.model, describe: "Another model than the record's" },
  ...jsonOption
} as const;

type Arguments = InferredOptionTypes<typeof options> & { record: string };

export const repeatCommand: LoadedCommand<Arguments> = {
  builder: (command) =>
    command
      .positional("record", { type: "string", demandOption: true, describe: "File that ask --json wrote" })
      .options(options)
      .example("$0 repeat answer.json", "")
      .example("$0 repeat answer.json --images FOLDER", "")
      .example("$0 repeat answer.json -m 1.5-4b-it:Q8_0 --json", ""),
  handler: repeat
};

async function repeat(args: Arguments): Promise<void> {
  if (args.record === standardStream || args.images?.includes(standardStream) === true)
    throw new UsageError("repeat reads nothing from stdin. Name a file.");
  const recorded = await readAnswerRecord(args.record);
  const record = args.images === undefined ? recorded : await withImagesAt(recorded, args.images);
  const { source, options: recordedOptions } = loadingOf(record);
  using interrupt = listenForInterrupt();
  const status = new StatusLine(process.stderr);
  const same = typeof source === "string" ? { model: source, mmproj: undefined } : source;
  const model =
    args.model === undefined
      ? { ...args, model: same.model, mmproj: args.mmproj === undefined ? same.mmproj : args.mmproj }
      : args;
  await using medgemma = await openModel(model, { signal: interrupt.signal, status, unlessGiven: recordedOptions });
  const { answer, comparison } = await repeatAnswer(medgemma, record, {
    signal: interrupt.signal,
    onProgress: showProgress(status)
  }).finally(() => status.clear());
  if (interrupt.signal.aborted) throw new Interrupted();
  if (args.json === true) printJson({ ...comparison, answer });
  else printAnswer(describeComparison(record, answer, comparison));
  if (!comparison.isSame) process.exitCode = exitCodes.failed;
}

function describeComparison(
  record: Answer,
  answer: Answer,
  { isSame, sameTokens, before, after, differences }: AnswerComparison
): string {
  const listed = differences
    .map(({ kind, what, before: was, after: is }) => `  ${kind.padEnd(9)}  ${what}: ${was} → ${is}\n`)
    .join("");
  if (isSame)
    return `The same ${before} tokens.\n${listed === "" ? "" : `They are the same although these differ:\n${listed}`}`;
  const [was, is] = partingTexts(record, answer);
  const why =
    listed === ""
      ? "Nothing that the record names is different: not the files, the programs or the machine.\n"
      : `What differs:\n${listed}`;
  return `The answers part at token ${sameTokens + 1}: ${before} tokens in the record, ${after} now.\n  record  ${was}\n  now     ${is}\n${why}`;
}

/** Both from shortly in front of the first difference. */
function partingTexts(record: Answer, answer: Answer): readonly [string, string] {
  const [was, is] = [record, answer].map(({ thought, text }) => `${thought ?? ""}${text}`) as [string, string];
  let parting = 0;
  while (parting < was.length && was[parting] === is[parting]) parting += 1;
  const start = Math.max(0, parting - 20);
  const cut = (text: string): string => {
    const shown = plainText(text.slice(start, start + 70)).replace(/\s+/g, " ");
    return `${start > 0 ? "…" : ""}${shown}${text.length > start + 70 ? "…" : ""}`;
  };
  return [cut(was), cut(is)];
}
