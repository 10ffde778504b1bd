/** `ask`: one question with its images, the answer streamed to stdout. */
import { basename } from "node:path";
import { answerOptions } from "../../chat/answer-options.js";
import type { Answer } from "../../chat/types.js";
import type { Reply } from "../../chat/reply.js";
import { MedGemmaError } from "../../errors.js";
import { imageOptions } from "../../image/image-options.js";
import { isPicture } from "../../formats/formats.js";
import { resolveModel } from "../../models/resolve-model.js";
import { readTextFile } from "../../shared/regular-file.js";
import { findNamedFiles } from "../chat/named-files.js";
import { escapePath } from "../chat/path-readings.js";
import { checkSources, refuseToOverwrite } from "../options/conflicts.js";
import { decodeImages } from "../input/decode-images.js";
import { drawAnswer, drawingPaths, tellRejected } from "./draw-answer.js";
import { valuesOf } from "../options/flags.js";
import { listenForInterrupt } from "../terminal/interrupt.js";
import { openModel } from "../model/open-model.js";
import { standardStream } from "../options/options.js";
import { Interrupted, printAnswer, printJson, UsageError, writeNote } from "../terminal/output.js";
import { loadPresetNamed } from "../options/preset-named.js";
import { plainText } from "../terminal/plain-text.js";
import { type Redaction } from "../terminal/redaction.js";
import { readSeriesOf } from "../input/series.js";
import { takeSlide } from "../input/slide.js";
import { imageCount, shownBy, type Sources } from "../input/sources.js";
import { showProgress, StatusLine } from "../terminal/status-line.js";
import { readPrompt } from "../input/stdin.js";
import { columnsOf, dim } from "../terminal/terminal.js";
import { WordWrap } from "../terminal/word-wrap.js";
import type { AskArguments } from "../commands/ask.js";

export async function ask(args: AskArguments, redaction: Redaction): Promise<void> {
  const { image: images = [], prior: priors = [] } = args;
  const paths = [...priors.map(({ path }) => path), ...images];
  checkSources({ images: paths, series: args.series, slide: args.slide });
  const isOfMany = args.series !== undefined || args.slide !== undefined;
  if (isOfMany && args.boxes !== undefined)
    throw new UsageError("--boxes draws on single pictures, not on a series or a slide. Leave one out.");
  if (args.boxes !== undefined) redaction.hide(args.boxes, "the file of --boxes");
  checkDrawing(args.boxes, paths);
  const [shown, answered] = [valuesOf(imageOptions, args), valuesOf(answerOptions, args)];
  using interrupt = listenForInterrupt();
  const preset = args.preset === undefined ? undefined : await loadPresetNamed(args.preset);
  const schema = args.schema === undefined ? undefined : await readSchema(args.schema);
  if (!isOfMany) await refuseUnseen(args.prompt ?? [], paths, redaction);
  const question = await readPrompt(args.prompt ?? [], {
    stdinIsImage: paths.includes(standardStream),
    hasPictures: paths.length > 0 || isOfMany,
    hasOwnQuestion: preset?.question !== undefined && preset.question !== null
  });
  const status = new StatusLine(process.stderr);
  const modelId = args.series === undefined ? null : (await resolveModel(args.model, { mmproj: args.mmproj })).id;
  const series = await readSeriesOf(args, { modelId, redaction, status, signal: interrupt.signal });
  const slide = await takeSlide(args, { redaction, status, signal: interrupt.signal });
  const decoded = await decodeImages(paths, redaction, shown);
  const sources: Sources = {
    images: decoded.slice(priors.length),
    priors: decoded.slice(0, priors.length).map((image, index) => ({ image, date: priors[index]?.date })),
    series,
    slide
  };

  await using medgemma = await openModel(args, {
    signal: interrupt.signal,
    status,
    images: Math.max(1, imageCount(sources)),
    maxTokens: answered.maxTokens
  });
  await using chat = await medgemma.createChat({ system: args.system });
  const { window: _window, frame: _frame, ...fitted } = shown; // the images are decoded by now
  const reply = chat.ask(question, {
    ...fitted,
    ...answered,
    ...shownBy(sources),
    preset,
    raw: args.raw,
    schema,
    boxes: args.boxes === undefined ? undefined : true,
    signal: interrupt.signal,
    onProgress: showProgress(status)
  });
  try {
    if (args.json !== true) await stream(reply, status);
    const answer: Answer = await reply;
    // Nobody repeats an answer that was stopped, and whoever stopped it does not wait for hashes.
    const provenance =
      args.json === true && !interrupt.signal.aborted ? { provenance: await medgemma.provenance() } : {};
    if (args.json === true) printJson({ ...answer, model: medgemma.model, ...provenance });
    else if (args.boxes !== undefined) tellRejected(answer);
    if (args.json !== true && answer.stopReason === "maxTokens") tellCut(answer);
    if (args.boxes !== undefined && answer.stopReason !== "aborted") await drawAnswer(decoded, answer, args.boxes);
  } finally {
    status.clear();
  }
  if (interrupt.signal.aborted) throw new Interrupted();
}

/**
 * A picture is given with -i. One that only the question names would be answered about by its name.
 *
 * @throws UsageError
 */
async function refuseUnseen(words: readonly string[], given: readonly string[], redaction: Redaction): Promise<void> {
  const seen = new Set(given.map((path) => basename(path)));
  const named = (await Promise.all(words.map(async (word) => (await findNamedFiles(word)).files))).flat();
  const unseen = named.find(({ path }) => !seen.has(basename(path)));
  if (unseen === undefined) return;
  const { path, found } = unseen;
  if (found.kind === "base64" || /^data:/i.test(path))
    throw new UsageError("The question holds the data of a picture. Save it as a file, and give that with -i FILE.");
  const file = redaction.isOn ? "FILE" : escapePath(path);
  const how =
    found.kind === "folder"
      ? `Give a CT or MR series with --series ${file}`
      : found.kind === "file" && isPicture(found.format)
        ? `Give it with -i ${file}`
        : "Give a picture with -i FILE, and a document's text through stdin";
  throw new UsageError(
    `The question names ${redaction.isOn ? "a file" : path}, which the model would not see. ${how}.`
  );
}

/** @throws UsageError before a model is loaded for nothing */
function checkDrawing(output: string | undefined, images: readonly string[]): void {
  if (output === undefined) return;
  if (images.length === 0)
    throw new UsageError("--boxes draws on the image that is asked about. Name one with --image.");
  if (output === standardStream) throw new UsageError("--boxes needs a file: stdout carries the answer.");
  for (const path of drawingPaths(output, images.length)) refuseToOverwrite(images, path, "--boxes");
}

/** Loud, on a terminal or not: half a report must not look whole. */
function tellCut({ usage: { completionTokens } }: Answer): void {
  writeNote(
    `Warning: the answer was cut off after ${completionTokens} tokens and is not complete. Allow more with --max-tokens, or use a larger --context.`,
    process.stderr
  );
}

/** The answer to stdout; a thought, dimmed, to a person at stderr. */
async function stream(reply: Reply, status: StatusLine): Promise<void> {
  const wrap = new WordWrap();
  let kind = "";
  let last = "";
  for await (const chunk of reply) {
    status.clear();
    if (kind === "thought" && chunk.kind === "text" && process.stderr.isTTY) process.stderr.write("\n\n");
    if (chunk.kind === "text") {
      printAnswer(process.stdout.isTTY ? wrap.add(plainText(chunk.text), columnsOf(process.stdout)) : chunk.text);
      last = chunk.text;
    } else if (process.stderr.isTTY) {
      process.stderr.write(dim(plainText(chunk.text), process.stderr));
    }
    kind = chunk.kind;
  }
  if (!last.endsWith("\n")) printAnswer("\n");
}

async function readSchema(path: string): Promise<object> {
  if (path === standardStream) throw new UsageError("--schema reads nothing from stdin. Name a file.");
  const content = await readTextFile(path, "schema");
  let schema: unknown;
  try {
    schema = JSON.parse(content);
  } catch (error) {
    throw new MedGemmaError("SCHEMA_INVALID", `${path} is not JSON: ${(error as Error).message}.`, { cause: error });
  }
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    throw new MedGemmaError(
      "SCHEMA_INVALID",
      `${path} is not a JSON schema: expected an object such as {"type": "object", …}.`
    );
  }
  return schema;
}
