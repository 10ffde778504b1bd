/**
 * What is attached to the next message of a chat. Files are decoded when they are attached, so that a wrong file shows then, and
 * a file that changes later does not matter.
 */
import { contextForImages, imagesInContext } from "../../memory/images-in-context.js";
import type { MedGemma } from "../../chat/medgemma.js";
import { MedGemmaError } from "../../errors.js";
import type { ImageOptions } from "../../image/image-options.js";
import type { DecodedImage } from "../../image/types.js";
import type { SeriesChoices } from "../../series/series-options.js";
import type { SlideChoices } from "../../slide/slide-options.js";
import { decodeNamed } from "../input/decode-images.js";
import type { PriorImage } from "../options/parse-prior.js";
import { plainName } from "../terminal/plain-text.js";
import type { Redaction } from "../terminal/redaction.js";
import { openSeries } from "../input/series.js";
import { openSlide } from "../input/slide.js";
import { imageCount, noSources, type Sources } from "../input/sources.js";
import type { ChatView } from "./chat-view.js";

interface AttachmentOptions extends ImageOptions {
  /** Of an answer. */
  readonly maxTokens?: number | undefined;
}

export class Attachments {
  readonly #medgemma: MedGemma;
  readonly #view: ChatView;
  readonly #redaction: Redaction;
  readonly #options: AttachmentOptions;
  #sources = noSources;

  constructor(medgemma: MedGemma, view: ChatView, redaction: Redaction, options: AttachmentOptions) {
    this.#medgemma = medgemma;
    this.#view = view;
    this.#redaction = redaction;
    this.#options = options;
  }

  get sources(): Sources {
    return this.#sources;
  }

  get count(): number {
    return imageCount(this.#sources);
  }

  clear(): void {
    this.#sources = noSources;
  }

  async addImages(paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    this.#tower(); // before a file is opened for nothing
    this.#ensureGoesWith("images");
    for (const path of paths) this.addImage(await decodeNamed(path, this.#redaction, this.#options));
  }

  addImage(image: DecodedImage): void {
    const { side } = this.#tower();
    this.#sources = { ...this.#sources, images: [...this.#sources.images, image] };
    this.#view.note(`▣ ${plainName(image.source)} · ${sizesOf(image, side)}`);
  }

  async addPrior({ path, date }: PriorImage): Promise<void> {
    const { side } = this.#tower();
    this.#ensureGoesWith("images");
    const image = await decodeNamed(path, this.#redaction, this.#options);
    this.#sources = { ...this.#sources, priors: [...this.#sources.priors, { image, date }] };
    this.#view.note(
      `▣ ${plainName(image.source)} · prior image${date === undefined ? "" : `, ${date}`} · ${sizesOf(image, side)}`
    );
  }

  async takeSeries(
    paths: readonly string[],
    choices: SeriesChoices & Pick<ImageOptions, "window">,
    signal: AbortSignal
  ): Promise<void> {
    this.#tower();
    this.#ensureGoesWith("series");
    const window = choices.window ?? (choices.recipe === undefined ? this.#options.window : undefined);
    const context = { modelId: this.#medgemma.model.id, redaction: this.#redaction, status: this.#view.status, signal };
    const series = await openSeries(paths, { ...choices, window, fit: this.#options.fit }, context);
    this.#take(
      { ...noSources, series },
      { name: paths.join(", "), what: "slices", flag: "slices", extra: 0, notes: series.notes }
    );
  }

  async takeSlide(path: string, choices: SlideChoices, signal: AbortSignal): Promise<void> {
    const { side } = this.#tower();
    this.#ensureGoesWith("slide");
    const { fit, aspect } = this.#options;
    const context = { redaction: this.#redaction, status: this.#view.status, signal };
    const slide = await openSlide(path, { ...choices, fit, aspect }, () => Promise.resolve(side), context);
    const extra = slide.overview === null ? 0 : 1;
    this.#take(
      { ...noSources, slide },
      {
        name: path,
        what: `patches${extra === 0 ? "" : " and the whole slide"}`,
        flag: "patches",
        extra,
        notes: slide.notes
      }
    );
  }

  /** Of a question that was taken back. What was attached since stays, where the two go together. */
  giveBack(asked: Sources): void {
    const now = this.#sources;
    const isOfOne = [asked, now].some(({ series, slide }) => series !== null || slide !== null);
    this.#sources = isOfOne
      ? asked
      : { ...noSources, images: [...asked.images, ...now.images], priors: [...asked.priors, ...now.priors] };
    this.tell();
  }

  tell(): void {
    const { images, priors, series, slide } = this.#sources;
    const names = [
      ...priors.map(
        ({ image, date }) => `${plainName(image.source)} (prior image${date === undefined ? "" : `, ${date}`})`
      ),
      ...images.map(({ source }) => plainName(source)),
      ...(series === null ? [] : [`a series, ${series.notes[0] ?? ""}`]),
      ...(slide === null ? [] : [`a slide, ${slide.notes[0] ?? ""}`])
    ];
    const waiting = names.length === 0 ? "Nothing is attached." : `Attached: ${names.join(", ")}.`;
    this.#view.note(
      `${waiting} /image PATH attaches an image, or drop it here; /prior [DATE=]FILE one of an earlier study; /series PATH a CT or MR series; /slide FILE a pathology slide.`
    );
  }

  /** @param extra Images besides those that `flag` limits. */
  #take(
    sources: Sources,
    {
      name,
      what,
      flag,
      extra,
      notes
    }: {
      readonly name: string;
      readonly what: string;
      readonly flag: string;
      readonly extra: number;
      readonly notes: readonly string[];
    }
  ): void {
    const { tokensPerImage } = this.#tower();
    const { contextSize } = this.#medgemma;
    const { maxTokens } = this.#options;
    const limited = imageCount(sources) - extra;
    const fitting = imagesInContext(contextSize, tokensPerImage, maxTokens) - extra;
    if (limited > fitting) {
      const instead = fitting < 1 ? "" : `take ${fitting} with --${flag} ${fitting}, or `;
      const wanted = contextForImages(limited + extra, tokensPerImage, maxTokens);
      throw new MedGemmaError(
        "CONTEXT_FULL",
        `${limited} ${what} and an answer need a context of ${wanted} tokens, but this one holds ${contextSize}: ${instead}start with --context ${wanted}.`
      );
    }
    this.#sources = sources;
    this.#view.note(
      [`▣ ${this.#redaction.text(name)} · the model sees ${limited} ${what}`, ...notes.map((note) => `  ${note}`)].join(
        "\n"
      )
    );
  }

  /** @throws MedGemmaError INVALID_ARGUMENT when something is attached that a message cannot show beside it */
  #ensureGoesWith(kind: "images" | "series" | "slide"): void {
    const { images, priors, series, slide } = this.#sources;
    const attached =
      series !== null ? "series" : slide !== null ? "slide" : images.length + priors.length > 0 ? "images" : kind;
    if (attached === kind) return;
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `A message is about images, one series or one slide, and ${attached === "images" ? "images are" : `a ${attached} is`} attached. /detach removes what is attached.`
    );
  }

  /** @throws MedGemmaError MODEL_MISMATCH without one */
  #tower(): { readonly side: number; readonly tokensPerImage: number } {
    const { imageSize: side, tokensPerImage, model } = this.#medgemma;
    if (side !== null && tokensPerImage !== null) return { side, tokensPerImage };
    throw new MedGemmaError(
      "MODEL_MISMATCH",
      `${model.id} was loaded without a projector and cannot see images. Start with --mmproj FILE.`
    );
  }
}

/** What the model will see of an image. */
function sizesOf({ width, height, notes = [] }: DecodedImage, side: number): string {
  return `${width} × ${height}, the model sees ${[`${side} × ${side}`, ...notes].join(", ")}`;
}
