/** A recorded answer, as `ask --json` writes it: read, the model loaded as it was, asked again and compared. */
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkArgument, isObject, listOf, name, refuseUnreadable, withProperties } from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";
import { usableCores } from "../native/usable-cores.js";
import { readTextFile } from "../shared/regular-file.js";
import { checkRepeatOptions, checkRequest } from "./check-request.js";
import { compareAnswers, type AnswerComparison } from "./compare-answers.js";
import type { ComputeOptions } from "../loading/load-options.js";
import type { MedGemma } from "./medgemma.js";
import type { Answer, AnswerRecord, LoadOptions, ModelSource, RepeatOptions } from "./types.js";

/**
 * @param path Of a file with what `ask --json` prints: an answer, its model and its provenance.
 * @throws MedGemmaError FILE_UNUSABLE; INVALID_ARGUMENT for a request that is not whole
 */
export async function readAnswerRecord(path: string): Promise<AnswerRecord> {
  checkArgument("The path of a record", path, name);
  const unusable = (why: string, cause?: unknown): MedGemmaError =>
    new MedGemmaError("FILE_UNUSABLE", `${path} cannot be read as a recorded answer: ${why}.`, { cause });
  const text = await readTextFile(path, "record");
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch (error) {
    throw unusable("it is not JSON", error);
  }
  const problem = problemOf(record);
  if (problem !== null) throw unusable(problem);
  checkRequest((record as AnswerRecord).request);
  return record as AnswerRecord;
}

/** What a record lacks; null: nothing. */
function problemOf(record: unknown): string | null {
  if (!isObject(record) || !Array.isArray(record.tokens) || !Array.isArray(record.images) || !isObject(record.request))
    return "it is not the JSON of an answer. Make one with ask and JSON as its output";
  if (record.stopReason === "aborted") return "the answer was stopped by hand, which cannot be repeated";
  return isModel(record.model) && isProvenance(record.provenance)
    ? null
    : "it does not say which model and programs the answer came from";
}

function isModel(model: unknown): boolean {
  return isObject(model) && typeof model.id === "string" && typeof model.text === "string" && Array.isArray(model.lora);
}

function isProvenance(provenance: unknown): boolean {
  if (!isObject(provenance)) return false;
  const { versions, model, compute } = provenance;
  return (
    isObject(versions) &&
    isObject(model) &&
    isObject(model.text) &&
    Array.isArray(model.lora) &&
    isObject(compute) &&
    isObject(compute.cpu) &&
    isObject(compute.threads) &&
    Array.isArray(compute.devices) &&
    Array.isArray(compute.cpu.features)
  );
}

/** @throws MedGemmaError INVALID_ARGUMENT */
function checkRecord(record: unknown): void {
  refuseUnreadable("A record", () => {
    const problem = problemOf(record);
    if (problem !== null)
      throw new MedGemmaError("INVALID_ARGUMENT", `This cannot be taken for a recorded answer: ${problem}.`);
    checkRequest((record as AnswerRecord).request);
  });
}

/**
 * How the model of a record was loaded, for `loadMedGemma`: by its files while they are where they were, else by its id. No more threads
 * than this machine has, and another backend than before only where that is missing.
 *
 * @throws MedGemmaError INVALID_ARGUMENT for what is no whole record
 */
export function loadingOf(record: AnswerRecord): {
  readonly source: ModelSource;
  readonly options: LoadOptions & Required<Pick<ComputeOptions, "threads" | "contextSize" | "promptLookup">>;
} {
  checkRecord(record);
  const {
    model,
    provenance: { compute }
  } = record;
  const source = existsSync(model.text) ? { model: model.text, mmproj: model.mmproj } : model.id;
  return {
    source,
    options: {
      gpu: compute.gpu === "off" ? "off" : "auto",
      threads: Math.min(compute.threads.text, usableCores(Infinity)),
      contextSize: compute.contextSize,
      parallel: compute.parallel,
      promptLookup: compute.promptLookup,
      lora: model.lora.map(({ path, scale }) => ({ path, scale }))
    }
  };
}

/**
 * The same record with its files at other places.
 *
 * @param paths Of single images: one folder that has them all under their names, or each file, in order. Of a series its folder or files,
 *   of a slide its file or the folder that it lies in.
 * @throws MedGemmaError IMAGE_NOT_FOUND for a name that the folder does not have; INVALID_ARGUMENT for another number of files
 */
export async function withImagesAt(record: AnswerRecord, paths: readonly string[]): Promise<AnswerRecord> {
  checkRecord(record);
  checkArgument("The paths of the images", paths, {
    expected: "a list of paths, one at least",
    holds: (value) => listOf(name).holds(value) && paths.length > 0
  });
  const { series, slide, images } = record.request;
  const move = (request: Partial<AnswerRecord["request"]>): AnswerRecord => ({
    ...record,
    request: { ...record.request, ...request }
  });
  if (series !== null) return move({ series: { ...series, source: paths } });
  const [folder = ""] = paths;
  const isFolder = paths.length === 1 && ((await stat(folder).catch(() => null))?.isDirectory() ?? false);
  if (slide !== null)
    return move({
      slide: {
        ...slide,
        source: isFolder && existsSync(inFolder(folder, slide.source)) ? inFolder(folder, slide.source) : folder
      }
    });
  if (!isFolder && paths.length !== images.length)
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `The question showed ${images.length} images, but ${paths.length} are given. Give one for each, or their folder.`
    );
  const moved = images.map((image, index) => ({
    ...image,
    source: isFolder ? inFolder(folder, image.source) : (paths[index] ?? "")
  }));
  const missing = moved.find(({ source }) => !existsSync(source));
  if (missing !== undefined)
    throw new MedGemmaError(
      "IMAGE_NOT_FOUND",
      `There is no image file ${missing.source}. Give the image files themselves, in the order in which the question showed them.`
    );
  return move({ images: moved });
}

/** A record may come from another system, with the other slash. */
function inFolder(folder: string, source: string): string {
  const path = source.startsWith("file:") ? fileURLToPath(source) : source;
  return join(folder, path.split(/[\\/]/).at(-1) ?? "");
}

/** A repeated answer beside the recorded one. */
export interface RepeatedAnswer {
  readonly answer: Answer;
  readonly comparison: AnswerComparison;
}

/**
 * Asks what the record says, in a chat of its own, and compares.
 *
 * @throws MedGemmaError as `Chat.ask`
 */
export async function repeatAnswer(
  medgemma: MedGemma,
  record: AnswerRecord,
  options: RepeatOptions = {}
): Promise<RepeatedAnswer> {
  checkArgument("The model", medgemma, withProperties("what loadMedGemma gives", ["createChat", "provenance"]));
  checkRecord(record);
  checkRepeatOptions(record.request, options);
  await using chat = await medgemma.createChat({ system: record.request.system });
  const answer = await chat.ask(record.request, options);
  const after = { ...answer, model: medgemma.model, provenance: await medgemma.provenance() };
  return { answer, comparison: compareAnswers(record, after) };
}
