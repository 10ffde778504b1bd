/** A question with its images, and with earlier ones of the same patient → texts and images in the order that the model sees them. */
import type { PromptPart } from "../chat/types.js";
import {
  anObject,
  checkedLater,
  checkOptions,
  isObject,
  text,
  type Rule,
  type RulesOf
} from "../shared/check-arguments.js";
import { MedGemmaError } from "../errors.js";
import { checkImageSource } from "../image/check-source.js";
import type { ImageSource } from "../image/types.js";
import { checkPreset, type Preset } from "./preset.js";

/** An image with the date of its acquisition as it shall stand in the prompt. Without one, no date is told to the model. */
export interface DatedImage {
  readonly image: ImageSource;
  readonly date?: string | undefined;
}

/** What a question is made of. */
export interface PromptMaterial {
  /** The user's own words. Default: the preset's question. */
  readonly question?: string | undefined;
  readonly images?: readonly (ImageSource | DatedImage)[] | undefined;
  /** Of earlier studies, oldest first. With some, every image is told to be prior or current. */
  readonly priors?: readonly (ImageSource | DatedImage)[] | undefined;
  /** Of one series, in order: each is followed by what the preset puts behind every image, else by "SLICE k", k from 1. */
  readonly slices?: readonly ImageSource[] | undefined;
  readonly preset?: Preset | undefined;
}

/** Google's order for one question: the images first. */
const plainPrompt = "{images}\n{question}";

/** Google's order for a volume: the instruction, the slices, the question last (Google-Health/medgemma#76). */
const seriesPrompt =
  "The slices of one series follow in order, each with its number. Read them as one volume.\n\n{images}\n\n{question}";

/** As in Google's notebook high_dimensional_ct. */
const sliceLabel = "SLICE {n}";

/**
 * A question with its images, and with earlier ones of the same patient → texts and images in the order that the model sees
 * them, for `Chat.ask`.
 *
 * @throws MedGemmaError INVALID_ARGUMENT when there is no question, neither the user's nor the preset's; for slices beside images
 */
export function composePrompt(material: PromptMaterial): PromptPart[] {
  checkMaterial(material);
  const { question, images = [], priors = [], slices, preset } = material;
  if (slices !== undefined && images.length + priors.length > 0) {
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      "A question is about a series or about images, not both. Leave one out."
    );
  }
  const asked = question?.trim() === "" ? undefined : question;
  const words = asked ?? preset?.question;
  if (words === undefined || words === null) {
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `${preset === undefined ? "The question is empty" : `The preset ${preset.name} needs a question`}. Say what you want to know.`
    );
  }
  const after = preset?.afterEachImage ?? (slices === undefined ? null : sliceLabel);
  const pictures = imageParts(slices ?? images, priors, after);
  // Nothing but images and the user's words: these stay as they are, for prompts that are sent so. The chat template strips them.
  if (preset === undefined && slices === undefined && pictures.every((part) => typeof part !== "string"))
    return [...pictures, words];
  const template = preset?.prompt ?? (slices === undefined ? plainPrompt : seriesPrompt);
  const pieces = (template.includes("{images}") ? template : `{images}\n${template}`).split(
    /(\{images\}|\{question\})/
  );
  const place = pieces.indexOf("{images}");
  return joined(
    pieces.flatMap((piece, index) =>
      piece === "{question}" ? [words] : piece !== "{images}" ? [piece] : index === place ? pictures : []
    ),
    preset?.raw === true
  );
}

const list: Rule = { expected: "a list of images", holds: Array.isArray };
const rules: RulesOf<PromptMaterial> = { question: text, images: list, priors: list, slices: list, preset: anObject };

function checkMaterial(material: unknown): void {
  checkOptions("The parts of a prompt", material, rules);
  const { images = [], priors = [], slices = [], preset } = material as PromptMaterial;
  if (preset !== undefined) checkPreset(preset);
  for (const [what, sources] of Object.entries({ images, priors, slices })) {
    for (const [index, source] of [...sources].entries()) {
      const dated = isObject(source) && "image" in source ? (source as unknown as DatedImage) : null;
      if (dated !== null) checkOptions(`The parts of ${what}[${index}]`, dated, { image: checkedLater, date: text });
      checkImageSource(dated === null ? source : dated.image, `${what}[${index}]`);
    }
  }
}

function imageParts(
  images: readonly (ImageSource | DatedImage)[],
  priors: readonly (ImageSource | DatedImage)[],
  after: string | null
): PromptPart[] {
  const [priorName, currentName] = priors.length > 0 ? ["Prior image", "Current image"] : [null, null];
  const pictures = [
    ...priors.map((picture) => ({ ...asDated(picture), name: priorName })),
    ...images.map((picture) => ({ ...asDated(picture), name: currentName }))
  ];
  return pictures.flatMap(({ image, date, name }, index): PromptPart[] => {
    const label = [name ?? (date === undefined ? null : "Image"), date ?? null]
      .filter((word) => word !== null)
      .join(", ");
    return [
      ...(label === "" ? [] : [`${label}:\n`]),
      { image },
      ...(after === null ? [] : [`${after.replaceAll("{n}", String(index + 1))}\n`])
    ];
  });
}

function asDated(picture: ImageSource | DatedImage): DatedImage {
  return typeof picture === "object" && "image" in picture ? picture : { image: picture };
}

/** Texts that touch as one, without blank ends unless they are raw: the template puts line breaks around images itself. */
function joined(parts: readonly PromptPart[], isRaw: boolean): PromptPart[] {
  const result: PromptPart[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (typeof part === "string" && typeof last === "string") result[result.length - 1] = last + part;
    else result.push(part);
  }
  return result.map((part) => (typeof part === "string" && !isRaw ? part.trim() : part)).filter((part) => part !== "");
}
