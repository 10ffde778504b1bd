/** `repeat`: a recorded answer again, and whether it is the same. */
import { loadingOf, readAnswerRecord, repeatAnswer, withImagesAt } from "../../chat/answer-record.js";
import type { AnswerComparison } from "../../chat/compare-answers.js";
import type { Answer } from "../../chat/types.js";
import { listenForInterrupt } from "../terminal/interrupt.js";
import { openModel } from "../model/open-model.js";
import { standardStream } from "../options/options.js";
import { exitCodes, Interrupted, printAnswer, printJson, UsageError } from "../terminal/output.js";
import { plainText } from "../terminal/plain-text.js";
import { showProgress, StatusLine } from "../terminal/status-line.js";
import type { RepeatArguments } from "../commands/repeat.js";

export async function repeat(args: RepeatArguments): Promise<void> {
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
