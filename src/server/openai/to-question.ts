/** Messages of a request → a conversation and its last question, in the library's terms. */
import type { AskOptions, ChatTurn, PromptPart } from "../../chat/types.js";
import type { MedGemma } from "../../chat/medgemma.js";
import type { ImageSource } from "../../image/types.js";
import { composePrompt, type DatedImage } from "../../presets/compose-prompt.js";
import { listPresets, loadPreset } from "../../presets/load-preset.js";
import type { Preset } from "../../presets/preset.js";
import { readSeries } from "../../series/read-series.js";
import { recipeForModel } from "../../series/recipes.js";
import type { Series, SeriesOptions } from "../../series/types.js";
import type { FileStore } from "../file-store.js";
import { HttpError } from "../http-error.js";
import { answerOptionsOf } from "./answer-options.js";
import type { ChatRequest, RequestMessage, UserContentPart } from "./chat-request.js";
import { imageOfPart, imageOptionsOf } from "./request-images.js";
import { toolsOf, toolPrompt, toolTurn, type Tools } from "./tools.js";

/** What `createChat` and `ask` take. */
export interface Question {
  readonly system: string | null;
  readonly turns: readonly ChatTurn[];
  readonly prompt: readonly PromptPart[];
  readonly options: AskOptions;
  readonly tools: Tools | null;
}

interface Reading {
  readonly request: ChatRequest;
  readonly medgemma: MedGemma;
  readonly files: FileStore;
}

/** Content of one user turn: its parts in order, and by kind where they are composed with labels. */
interface UserContent {
  readonly parts: readonly PromptPart[];
  readonly images: readonly ImageSource[];
  readonly priors: readonly (ImageSource | DatedImage)[];
  readonly series: Series | null;
}

/** @throws HttpError 400, 404; MedGemmaError for images and series that cannot be read */
export async function toQuestion(reading: Reading): Promise<Question> {
  const { request } = reading;
  const tools = toolsOf(request);
  const { system, rest } = splitSystem(request.messages);
  const turns: ChatTurn[] = [];
  let user: { readonly content: UserContent } | null = null;
  const shown = imageOptionsOf(request.medgemma ?? {});
  for (const [index, message] of rest) {
    if (message.role === "user" || message.role === "tool") {
      const content =
        message.role === "user"
          ? await userContent(message.content, `messages[${index}].content`, reading)
          : textContent(toolTurn(message, request.messages, `messages[${index}]`));
      user = { content: user === null ? content : joined(user.content, content) };
    } else if (message.role === "assistant") {
      if (user === null) throw invalid(`messages[${index}]`, "answers nothing: a user message must stand before it");
      turns.push(
        { role: "user", content: promptOfTurn(user.content), ...shown },
        { role: "assistant", text: assistantText(message) }
      );
      user = null;
    }
  }
  if (user === null) throw invalid("messages", "must end with a message of the user, or with the result of a tool");
  const preset = await presetNamed(request.medgemma?.preset);
  const { prompt, options } = lastQuestion(user.content, preset);
  return {
    system: tools === null ? system : toolPrompt(system, tools),
    turns,
    prompt,
    options: { ...shown, ...answerOptionsOf(request, tools), ...options },
    tools
  };
}

/** The system text stands in front, as in Gemma's template; later ones have no place there. */
function splitSystem(messages: readonly RequestMessage[]): {
  readonly system: string | null;
  readonly rest: readonly (readonly [number, RequestMessage])[];
} {
  const all = [...messages.entries()];
  const first = all.findIndex(([, { role }]) => role !== "system" && role !== "developer");
  const rest = first < 0 ? [] : all.slice(first);
  const late = rest.find(([, { role }]) => role === "system" || role === "developer");
  if (late !== undefined)
    throw invalid(`messages[${late[0]}]`, "is a system message behind others; Gemma takes it only in front");
  const texts = all.slice(0, all.length - rest.length).map(([, { content }]) => textOf(content));
  return { system: texts.length === 0 ? null : texts.join("\n\n"), rest };
}

async function userContent(
  content: string | readonly UserContentPart[],
  where: string,
  { request, medgemma, files }: Reading
): Promise<UserContent> {
  if (typeof content === "string") return textContent(content);
  const parts: PromptPart[] = [];
  const images: ImageSource[] = [];
  const priors: (ImageSource | DatedImage)[] = [];
  let series: Series | null = null;
  for (const [index, part] of content.entries()) {
    const place = `${where}[${index}]`;
    if (part.type === "text") parts.push(part.text);
    else if (part.type === "medgemma_series") {
      if (series !== null) throw invalid(place, "is a second series; a question is about one");
      series = await readSeriesPart(part.medgemma_series, medgemma, files);
    } else {
      const image = await imageOfPart(part, place, request.medgemma ?? {}, { files, side: medgemma.imageSize });
      const prior = part.medgemma?.prior ?? false;
      if (prior === false) images.push(image);
      else priors.push(prior === true ? image : { image, date: prior.date });
      parts.push({ image });
    }
  }
  if (series !== null && images.length + priors.length > 0)
    throw invalid(where, "has a series and images; a question is about one of them");
  return { parts, images, priors, series };
}

async function readSeriesPart(
  { file_ids: ids, ...asked }: Extract<UserContentPart, { readonly type: "medgemma_series" }>["medgemma_series"],
  medgemma: MedGemma,
  files: FileStore
): Promise<Series> {
  const paths = ids.map((id) => files.get(id).path);
  const names = new Map(paths.map((path, index) => [path, ids[index] ?? ""]));
  const recipe = asked.recipe ?? recipeForModel(medgemma.model.id);
  return await readSeries(paths, {
    ...(asked as SeriesOptions),
    ...(asked.window === undefined ? { recipe: recipe as SeriesOptions["recipe"] } : {}),
    nameOf: (path) => names.get(path) ?? "(file)"
  });
}

function textContent(text: string): UserContent {
  return { parts: [text], images: [], priors: [], series: null };
}

/** Two messages of the user without an answer between them: Gemma's turns alternate, so they become one. */
function joined(first: UserContent, second: UserContent): UserContent {
  return {
    parts: withGap(first.parts, second.parts),
    images: [...first.images, ...second.images],
    priors: [...first.priors, ...second.priors],
    series: second.series ?? first.series
  };
}

function withGap(first: readonly PromptPart[], second: readonly PromptPart[]): PromptPart[] {
  const [last, next] = [first.at(-1), second[0]];
  if (typeof last !== "string" || typeof next !== "string") return [...first, "\n\n", ...second];
  return [...first.slice(0, -1), `${last}\n\n${next}`, ...second.slice(1)];
}

/** An earlier turn as the model saw it, with the labels of slices and of earlier studies. */
function promptOfTurn({ parts, images, priors, series }: UserContent): readonly PromptPart[] {
  if (series !== null) return composePrompt({ question: textOfParts(parts), slices: series.slices });
  if (priors.length > 0) return composePrompt({ question: textOfParts(parts), images, priors });
  return parts;
}

/** As `ask` composes it; images without labels stay at their places between the texts. */
function lastQuestion(
  { parts, images, priors, series }: UserContent,
  preset: Preset | null
): { readonly prompt: readonly PromptPart[]; readonly options: AskOptions } {
  if (preset === null && priors.length === 0 && series === null) return { prompt: parts, options: {} };
  const given = { images, priors, series, preset };
  return {
    prompt: [textOfParts(parts)],
    options: Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0))
    )
  };
}

/** By name only: `loadPreset` would open a path, too. */
async function presetNamed(name: string | undefined): Promise<Preset | null> {
  if (name === undefined) return null;
  const names = (await listPresets()).map((one) => one.name);
  if (!names.includes(name)) throw invalid("medgemma.preset", `must be one of ${names.join(", ")}`);
  return await loadPreset(name);
}

/** Calls as the grammar made them: the model reads its own words. */
function assistantText({
  content,
  tool_calls: calls
}: Extract<RequestMessage, { readonly role: "assistant" }>): string {
  const made = (calls ?? []).map(
    ({ function: { name, arguments: given } }) => `{"tool":${JSON.stringify(name)},"arguments":${given}}`
  );
  return [textOf(content ?? ""), ...made].filter((text) => text !== "").join("\n");
}

function textOf(content: RequestMessage["content"]): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => ("text" in part ? part.text : "")).join("");
}

function textOfParts(parts: readonly PromptPart[]): string {
  return parts.filter((part) => typeof part === "string").join("\n");
}

function invalid(param: string, what: string): HttpError {
  return new HttpError(400, "invalid_value", `${param} ${what}.`, { param });
}
