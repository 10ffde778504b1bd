/**
 * A conversation as one JSON file: texts, and the square pictures that the model saw as PNG inside. Nothing else is
 * needed to go on later, and the pixels are exactly the same. It is patient data: the file is for its owner only.
 */
import { MedGemmaError } from "../errors.js";
import { decodeSquarePng } from "../image/decode-square-png.js";
import { encodePng } from "../image/encode-png.js";
import { notesOf, warningsOf } from "../image/notes.js";
import { imageFits, type CropImage, type ImagePreprocessing, type Square, type SquareImage } from "../image/types.js";
import { parseJsonInSteps } from "../shared/json-in-steps.js";
import { openRegularFile } from "../shared/regular-file.js";
import { TimeSlices } from "../shared/time-slices.js";
import { writeFileAtomically } from "../shared/write-file.js";
import type { StoredPart } from "./content.js";
import { stopReasons, type AnswerRequest, type ChatOptions, type Provenance, type StopReason } from "./types.js";

/** A turn as a chat keeps it: the texts, and the pixels of its images. */
export interface StoredTurn {
  readonly content: readonly StoredPart[];
  readonly answer: string;
  readonly thought: string | null;
  readonly stopReason: StopReason;
  /** Sent without the chat template. */
  readonly isRaw: boolean;
  /** What was asked, and of whom; null: of a conversation that was saved before it was recorded. */
  readonly request: AnswerRequest | null;
  readonly provenance: Provenance | null;
}

export interface StoredConversation {
  readonly system: string | null;
  readonly overflow: NonNullable<ChatOptions["overflow"]>;
  readonly turns: readonly StoredTurn[];
}

const format = "medgemma-local conversation";
const version = 1;

/** Characters that are written at once. */
const pieceLength = 2 ** 16;

/** Replaces the file in one step, so that an interruption never costs the older one. @throws MedGemmaError FILE_UNUSABLE */
export async function writeConversation(path: string, conversation: StoredConversation): Promise<void> {
  await writeFileAtomically(path, { [Symbol.asyncIterator]: () => piecesOf(conversation) }, { mode: 0o600 });
}

/** A turn a line. Never as one text: it may be hundreds of megabytes. */
async function* piecesOf({ system, overflow, turns }: StoredConversation): AsyncGenerator<string, void, void> {
  let piece = `${JSON.stringify({ format, version, system, overflow }).slice(0, -1)},"turns":[`;
  for (const [index, { content, answer, thought, stopReason, isRaw, request, provenance }] of turns.entries()) {
    piece += `${index === 0 ? "" : ","}\n{"content":[`;
    for (const [place, part] of content.entries()) {
      piece += (place === 0 ? "" : ",") + JSON.stringify(await packPart(part));
      if (piece.length < pieceLength) continue;
      yield piece;
      piece = "";
    }
    piece += `],${JSON.stringify({ answer, thought, stopReason, raw: isRaw, request, provenance }).slice(1)}`;
  }
  yield `${piece}\n]}\n`;
}

/**
 * @param imageSize Side of the square that the loaded tower sees; null for a text-only model.
 * @throws MedGemmaError FILE_UNUSABLE, ABORTED; MODEL_MISMATCH when the images were made for another tower
 */
export async function readConversation(
  path: string,
  imageSize: number | null,
  signal?: AbortSignal
): Promise<StoredConversation> {
  const slices = new TimeSlices(`Loading ${path}`, signal);
  const content = await readJson(path, slices);
  if (!isRecord(content) || content.format !== format || content.version !== version) {
    throw new MedGemmaError("FILE_UNUSABLE", `${path} is not a saved conversation of this version.`);
  }
  // It was not written down before it could be chosen.
  const { system, overflow = "dropOldest", turns } = content;
  if (!(system === null || typeof system === "string") || !Array.isArray(turns)) throw damaged(path);
  if (overflow !== "dropOldest" && overflow !== "error") throw damaged(path);
  const unpacked: StoredTurn[] = [];
  for (const turn of turns as unknown[]) {
    unpacked.push(await unpackTurn(turn, path, imageSize));
    await slices.breathe();
  }
  return { system, overflow, turns: unpacked };
}

async function packPart(part: StoredPart): Promise<object> {
  if (typeof part === "string") return { text: part };
  const { source, width, height, sha256, fit, preprocessing } = part;
  const png = await packSquare(part);
  const crops = await Promise.all(part.crops.map(async (crop) => ({ ...crop.box, png: await packSquare(crop) })));
  return { source, width, height, sha256, fit, preprocessing, ...notesOf(part), ...warningsOf(part), png, crops };
}

async function packSquare(square: Square): Promise<string> {
  return (await encodePng(square)).toString("base64");
}

async function unpackTurn(turn: unknown, path: string, imageSize: number | null): Promise<StoredTurn> {
  if (!isRecord(turn)) throw damaged(path);
  const { content, answer, thought, stopReason } = turn;
  if (!Array.isArray(content) || typeof answer !== "string") throw damaged(path);
  if (!(thought === null || typeof thought === "string") || !isStopReason(stopReason)) throw damaged(path);
  const parts: StoredPart[] = [];
  for (const part of content) parts.push(await unpackPart(part, path, imageSize));
  const request = isRecord(turn.request) ? (turn.request as unknown as AnswerRequest) : null;
  const provenance = isRecord(turn.provenance) ? (turn.provenance as unknown as Provenance) : null;
  // Older files have it in the request alone.
  const isRaw = turn.raw === true || request?.raw === true;
  return { content: parts, answer, thought, stopReason, isRaw, request, provenance };
}

async function unpackPart(part: unknown, path: string, imageSize: number | null): Promise<StoredPart> {
  return isRecord(part) && typeof part.text === "string" ? part.text : await unpackImage(part, path, imageSize);
}

async function unpackImage(image: unknown, path: string, imageSize: number | null): Promise<SquareImage> {
  if (!isRecord(image)) throw damaged(path);
  // Before there were crops, the fit was not written down; it was "pad" unless somebody asked for another.
  const { source, width, height, fit = "pad", png, crops = [], notes, warnings } = image;
  const preprocessing = isRecord(image.preprocessing) ? (image.preprocessing as unknown as ImagePreprocessing) : null;
  const knownFit = imageFits.find((one) => one === fit);
  if (
    typeof source !== "string" ||
    typeof width !== "number" ||
    typeof height !== "number" ||
    knownFit === undefined ||
    !Array.isArray(crops) ||
    !isAspect(preprocessing?.pixelAspect)
  ) {
    throw damaged(path);
  }
  const square = await unpackSquare(source, png, path, imageSize);
  const unpacked: CropImage[] = [];
  for (const crop of crops) unpacked.push(await unpackCrop(crop, source, path, imageSize));
  return {
    ...square,
    width,
    height,
    fit: knownFit,
    preprocessing,
    crops: unpacked,
    ...(isTexts(notes) ? notesOf({ notes }) : {}),
    ...(isTexts(warnings) ? warningsOf({ warnings }) : {})
  };
}

function isAspect(value: unknown): boolean {
  return value === undefined || (typeof value === "number" && Number.isFinite(value) && value > 0);
}

async function unpackCrop(crop: unknown, source: string, path: string, imageSize: number | null): Promise<CropImage> {
  if (!isRecord(crop)) throw damaged(path);
  const { x, y, width, height, png } = crop;
  if (typeof x !== "number" || typeof y !== "number" || typeof width !== "number" || typeof height !== "number")
    throw damaged(path);
  return { ...(await unpackSquare(source, png, path, imageSize)), box: { x, y, width, height } };
}

async function unpackSquare(source: string, png: unknown, path: string, imageSize: number | null): Promise<Square> {
  if (typeof png !== "string") throw damaged(path);
  const pixels = await decodeSquarePng(Buffer.from(png, "base64"));
  if (pixels === null) throw damaged(path);
  if (pixels.side !== imageSize) {
    const seen = imageSize === null ? "takes no images" : `sees ${imageSize}×${imageSize} pixels`;
    throw new MedGemmaError(
      "MODEL_MISMATCH",
      `${path} holds an image of ${pixels.side}×${pixels.side} pixels, but this model ${seen}. Load the model it was saved with.`
    );
  }
  return { source, ...pixels };
}

async function readJson(path: string, slices: TimeSlices): Promise<unknown> {
  try {
    await using file = await openRegularFile(path);
    return await slices.run(parseJsonInSteps(await file.readFile()));
  } catch (error) {
    if (error instanceof MedGemmaError) throw error;
    const why = error instanceof SyntaxError ? "it is not JSON" : (error as Error).message;
    throw new MedGemmaError("FILE_UNUSABLE", `${path} cannot be read as a conversation: ${why}.`, { cause: error });
  }
}

function damaged(path: string): MedGemmaError {
  return new MedGemmaError("FILE_UNUSABLE", `${path} is a damaged conversation: a text or an image is missing.`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function isStopReason(value: unknown): value is StopReason {
  return stopReasons.some((one) => one === value);
}
