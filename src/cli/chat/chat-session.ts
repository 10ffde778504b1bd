/** A chat in progress: the conversation, what is attached to the next message, and what each command does. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Chat } from "../../chat/chat.js";
import { tokensOfImages } from "../../memory/images-in-context.js";
import type { MedGemma } from "../../chat/medgemma.js";
import type { Reply } from "../../chat/reply.js";
import type { Answer, AskOptions, ChatTurn, UserTurn } from "../../chat/types.js";
import { MedGemmaError } from "../../errors.js";
import { identifyFile } from "../../formats/identify-file.js";
import type { ImageOptions } from "../../image/image-options.js";
import type { DecodedImage, DicomOptions } from "../../image/types.js";
import { composePrompt } from "../../presets/compose-prompt.js";
import { listPresets, loadPreset } from "../../presets/load-preset.js";
import { presetOptions } from "../../presets/preset-options.js";
import type { Preset } from "../../presets/preset.js";
import type { SeriesChoices } from "../../series/series-options.js";
import type { Series } from "../../series/types.js";
import { decodeNamed } from "../decode-images.js";
import { plainName } from "../plain-text.js";
import type { Redaction } from "../redaction.js";
import { openSeries } from "../series.js";
import type { ChatView } from "./chat-view.js";
import { findNamedFiles, pathsIn } from "./named-files.js";
import { expandHome } from "./path-readings.js";
import { refusalOf } from "./refuse-file.js";
import { parseSeriesArgument } from "./series-argument.js";
import { parseMessage, slashCommands, type SlashCommandName } from "./slash-command.js";

interface SessionOptions extends Omit<AskOptions, "images" | "signal" | "onProgress" | "preset"> {
  readonly system?: string | undefined;
  readonly preset?: Preset | undefined;
  /** Of the first message. */
  readonly images: readonly DecodedImage[];
  readonly redaction: Redaction;
}

/**
 * To the next message: pictures, or a series. Decoded when they are attached, so that a wrong file shows then, and a file that
 * changes later does not matter.
 */
interface Attached {
  readonly images: readonly DecodedImage[];
  readonly series: Series | null;
}

const nothingAttached: Attached = { images: [], series: null };

/** In tokens: of a question and an answer about a series. */
const roomForWords = 1024;

export class ChatSession {
  readonly #medgemma: MedGemma;
  readonly #view: ChatView;
  readonly #options: Omit<AskOptions, "images" | "window" | "frame" | "signal" | "onProgress">;
  readonly #dicomOptions: DicomOptions;
  readonly #redaction: Redaction;
  #chat: Chat;
  #attached = nothingAttached;
  /** How the questions were asked here, so that /undo can give their pictures back and /retry asks alike. */
  #asked: { readonly question: string; readonly attached: Attached; readonly preset: Preset | undefined }[] = [];
  /** Asks the next message. */
  #preset: Preset | undefined;
  /** undefined while nobody said. */
  #think: boolean | undefined;
  #running: Reply | null = null;
  /** Of a series that is being read. */
  #reading: AbortController | null = null;
  /** Where this conversation was saved or loaded: the one existing file that /save may replace. */
  #file: string | null = null;
  #isOver = false;

  static async start(
    medgemma: MedGemma,
    view: ChatView,
    options: SessionOptions
  ): Promise<ChatSession> {
    const { system, images, ...others } = options;
    const chat = await medgemma.createChat({ system: system ?? options.preset?.system ?? undefined });
    const session = new ChatSession(medgemma, view, others, chat);
    for (const image of images) session.#attachImage(image);
    return session;
  }

  private constructor(medgemma: MedGemma, view: ChatView, { preset, redaction, window, frame, ...options }: Omit<SessionOptions, "system" | "images">, chat: Chat) {
    this.#medgemma = medgemma;
    this.#view = view;
    this.#options = options;
    this.#dicomOptions = { window, frame };
    this.#preset = preset;
    this.#redaction = redaction;
    this.#think = options.think;
    this.#chat = chat;
  }

  /** Whether /exit was given. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get attachedCount(): number {
    return countOf(this.#attached);
  }

  /** A command, or a message with its dropped images. Tells failures itself: a chat goes on after them. */
  async handle(message: string): Promise<void> {
    try {
      const parsed = parseMessage(message);
      if (parsed.kind === "command") await this.#commands[parsed.name](parsed.argument);
      else if (parsed.kind === "unknown") this.#unknown(parsed.typed, parsed.near);
      else await this.#say(message);
    } catch (error) {
      this.#view.failure(this.#redaction.error(error));
    }
  }

  /** Stops the reply that runs, or the series or conversation that is read, if there is one. */
  stop(): void {
    this.#running?.abort();
    this.#reading?.abort();
  }

  readonly #commands: Readonly<Record<SlashCommandName, (argument: string) => Promise<void> | void>> = {
    image: async (argument) => {
      const paths = await pathsOf(argument);
      if (paths.length === 0) this.#tellAttached();
      for (const path of paths) await this.#refuseOthers(path);
      await this.#attach(paths);
    },
    series: async (argument) => {
      const { paths, choices } = parseSeriesArgument(argument);
      if (paths === "") this.#tellAttached();
      else await this.#attachSeries(await pathsOf(paths), choices);
    },
    detach: () => {
      this.#attached = nothingAttached;
      this.#view.note("Nothing is attached.");
    },
    system: (argument) => {
      if (argument !== "") this.#chat.system = argument === "none" ? null : argument;
      this.#view.note(this.#chat.system === null ? "There is no system text." : `System text: ${this.#chat.system}`);
    },
    preset: async (argument) => {
      if (argument === "") {
        this.#view.note((await listPresets()).map(({ name, description }) => `${name}: ${description}`).join("\n"));
        return;
      }
      this.#preset = await loadPreset(argument);
      const { name, description, system, images } = this.#preset;
      if (system !== null) this.#chat.system = system;
      this.#view.note(`Your next message is asked as ${name}: ${description} Images: ${images}`);
    },
    think: (argument) => {
      if (argument === "on" || argument === "off") this.#think = argument === "on";
      else if (argument !== "") throw new MedGemmaError("INVALID_ARGUMENT", `/think takes on or off, but got ${argument}.`);
      this.#view.note(this.#think === true ? "The model thinks before it answers." : "The model answers directly.");
    },
    thought: () => {
      const thought = this.#chat.turns.map((turn) => (turn.role === "assistant" ? turn.thought : null)).findLast((one) => typeof one === "string");
      this.#view.note(thought ?? "There was no thought yet. Turn thoughts on with /think on.");
    },
    retry: async () => {
      // The images are there already, as they were fitted then.
      const again = (options: AskOptions) => {
        const { images: _images, fit: _fit, aspect: _aspect, window: _window, frame: _frame, ...others } = options;
        return this.#chat.regenerate(others);
      };
      await this.#show(again, this.#asked.at(-1)?.preset);
    },
    undo: async () => {
      const undone = this.#chat.turns.at(-2);
      if ((await this.#chat.rewind()) === 0) throw new MedGemmaError("INVALID_ARGUMENT", "There is nothing to undo.");
      const left = this.#chat.turns.length / 2;
      const asked = this.#asked.pop();
      this.#view.note(`Taken back: ${asked?.question ?? (undone === undefined ? "" : textOf(undone))}\n${left} ${left === 1 ? "exchange is" : "exchanges are"} left.`);
      this.#preset = asked?.preset;
      if (asked === undefined || countOf(asked.attached) === 0) return;
      const { images, series } = asked.attached;
      // What was attached since waits on, unless the one is a series.
      this.#attached = series === null && this.#attached.series === null ? { images: [...images, ...this.#attached.images], series } : asked.attached;
      this.#tellAttached();
    },
    reset: async () => {
      await this.#chat.reset();
      this.#attached = nothingAttached;
      this.#asked = [];
      this.#file = null;
      this.#view.note("The conversation was cleared.");
    },
    save: async (argument) => await this.#save(onePath("save", argument)),
    load: async (argument) => await this.#load(onePath("load", argument)),
    help: () => this.#view.note(helpText()),
    exit: () => {
      this.#isOver = true;
    }
  };

  async #say(message: string): Promise<void> {
    const { files, text } = await findNamedFiles(message);
    for (const file of files) {
      const refusal = refusalOf(file, this.#redaction);
      if (refusal !== null) throw refusal;
    }
    await this.#attach(files.map(({ path }) => path));
    if (text !== "") await this.#ask(text);
  }

  /** A volume or a slide, which another command shows. What else is no picture, the decoder tells. */
  async #refuseOthers(path: string): Promise<void> {
    const found = await identifyFile(path);
    if (found.kind !== "file" || (found.format?.kind !== "volume" && found.format?.kind !== "slide")) return;
    const refusal = refusalOf({ path, found }, this.#redaction);
    if (refusal !== null) throw refusal;
  }

  async #ask(prompt: string): Promise<void> {
    const [attached, preset] = [this.#attached, this.#preset];
    const series = attached.series ?? undefined;
    const parts = composePrompt({ question: prompt, images: attached.images, slices: series?.slices, preset });
    const answer = await this.#show((options) => this.#chat.ask(parts, { ...options, series }), preset);
    // Stopped before a word was said, the question was not asked: its images wait for the next.
    if (answer.stopReason === "aborted" && answer.tokens.length === 0) return;
    this.#attached = nothingAttached;
    this.#preset = undefined;
    this.#asked.push({ question: prompt, attached, preset });
  }

  async #show(ask: (options: AskOptions) => Reply, preset: Preset | undefined): Promise<Answer> {
    const { reply: view } = this.#view;
    const own = { ...this.#options, think: this.#think };
    const options = preset === undefined ? own : presetOptions(preset, own);
    let answer = null;
    view.begin();
    try {
      this.#running = ask({ ...options, onProgress: (progress) => view.progress(progress) });
      for await (const chunk of this.#running) view.chunk(chunk);
      answer = await this.#running;
      return answer;
    } finally {
      this.#running = null;
      view.end(answer);
    }
  }

  async #attach(paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    this.#tower(); // before a file is opened for nothing
    if (this.#attached.series !== null) throw besides();
    for (const path of paths) this.#attachImage(await decodeNamed(path, this.#redaction, this.#dicomOptions));
  }

  #attachImage(image: DecodedImage): void {
    const { side } = this.#tower();
    this.#attached = { images: [...this.#attached.images, image], series: null };
    this.#view.note(`▣ ${plainName(image.source)} · ${image.width} × ${image.height}, the model sees ${[`${side} × ${side}`, ...(image.notes ?? [])].join(", ")}`);
  }

  async #attachSeries(paths: readonly string[], choices: SeriesChoices & Pick<ImageOptions, "window">): Promise<void> {
    const { tokensPerImage } = this.#tower();
    if (this.#attached.images.length > 0) throw besides();
    const { id, contextSize } = this.#medgemma.model;
    const window = choices.window ?? (choices.recipe === undefined ? this.#dicomOptions.window : undefined);
    this.#reading = new AbortController();
    try {
      const context = { modelId: id, redaction: this.#redaction, status: this.#view.status, signal: this.#reading.signal };
      const series = await openSeries(paths, { ...choices, window, fit: this.#options.fit }, context);
      const needed = tokensOfImages(series.taken, tokensPerImage);
      const fitting = Math.floor((contextSize - roomForWords) / tokensOfImages(1, tokensPerImage));
      if (series.taken > fitting) {
        const instead = fitting < 1 ? "" : `take ${fitting} with --slices ${fitting}, or `;
        throw new MedGemmaError("CONTEXT_FULL", `${series.taken} slices need about ${needed} tokens, but the context holds ${contextSize}: ${instead}start with --context ${Math.ceil((needed + 2 * roomForWords) / 1024) * 1024}.`);
      }
      this.#attached = { images: [], series };
      this.#view.note([`▣ ${this.#redaction.text(paths.join(", "))}`, ...series.notes.map((note) => `  ${note}`)].join("\n"));
    } catch (error) {
      if (!this.#reading.signal.aborted) throw error;
      this.#view.note("Stopped; nothing was attached.");
    } finally {
      this.#reading = null;
    }
  }

  /** @throws MedGemmaError MODEL_MISMATCH without one */
  #tower(): { readonly side: number; readonly tokensPerImage: number } {
    const { imageSize: side, tokensPerImage, model } = this.#medgemma;
    if (side !== null && tokensPerImage !== null) return { side, tokensPerImage };
    throw new MedGemmaError("MODEL_MISMATCH", `${model.id} was loaded without a projector and cannot see images. Start with --mmproj FILE.`);
  }

  #tellAttached(): void {
    const { images, series } = this.#attached;
    const names = series === null ? images.map(({ source }) => plainName(source)) : [`a series, ${series.notes[0] ?? ""}`];
    const waiting = names.length === 0 ? "Nothing is attached." : `Attached: ${names.join(", ")}.`;
    this.#view.note(`${waiting} /image PATH attaches a picture, or drop it here; /series PATH a CT or MR series.`);
  }

  async #save(path: string): Promise<void> {
    const name = this.#redaction.hide(path, "the file");
    if (existsSync(path) && resolve(path) !== this.#file) {
      throw new MedGemmaError("FILE_UNUSABLE", `${name} exists already. Choose another name.`);
    }
    await this.#chat.save(path);
    this.#file = resolve(path);
    this.#view.note(`Saved with its images to ${name}; only you can read it.`);
  }

  async #load(path: string): Promise<void> {
    const name = this.#redaction.hide(path, "the file");
    const loaded = await this.#read(path);
    if (loaded === null) {
      this.#view.note("Stopped; the conversation is the one before.");
      return;
    }
    await this.#chat.dispose();
    this.#chat = loaded;
    if (countOf(this.#attached) > 0) this.#view.note("The attached images were removed; they belonged to the previous conversation.");
    this.#attached = nothingAttached;
    this.#asked = [];
    this.#file = resolve(path);
    for (const turn of loaded.turns) {
      for (const source of turn.role === "user" ? sourcesOf(turn) : []) this.#view.note(`▣ ${plainName(source)}`);
      this.#view.note(turn.role === "user" ? `› ${textOf(turn)}` : `${turn.text}\n`);
    }
    const exchanges = loaded.turns.length / 2;
    this.#view.note(`${name}: ${exchanges} ${exchanges === 1 ? "exchange" : "exchanges"}. Go on where it ended.`);
  }

  /** @returns null when it was stopped */
  async #read(path: string): Promise<Chat | null> {
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    try {
      return await this.#medgemma.loadChat(path, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
      return null;
    } finally {
      this.#reading = null;
    }
  }

  #unknown(typed: string, near: string | null): void {
    const hint = near === null ? "" : ` Did you mean /${near}?`;
    throw new MedGemmaError("INVALID_ARGUMENT", `There is no command /${typed}.${hint} /help lists them all.`);
  }
}

/** What was said, without images. */
function textOf(turn: ChatTurn): string {
  if (turn.role === "assistant") return turn.text;
  return typeof turn.content === "string" ? turn.content : turn.content.filter((part) => typeof part === "string").join(" ");
}

function sourcesOf({ content }: UserTurn): string[] {
  const images = typeof content === "string" ? [] : content.flatMap((part) => (typeof part === "string" ? [] : [part.image]));
  return images.flatMap((image) => (typeof image === "object" && "source" in image ? [image.source] : []));
}

function countOf({ images, series }: Attached): number {
  return series?.taken ?? images.length;
}

function besides(): MedGemmaError {
  return new MedGemmaError("INVALID_ARGUMENT", "A message is about pictures or a series, not both. /detach removes what is attached.");
}

/** A path with blanks that nobody escaped is still a path. */
async function pathsOf(argument: string): Promise<string[]> {
  const whole = expandHome(argument);
  return argument !== "" && existsSync(whole) ? [whole] : await pathsIn(argument);
}

function onePath(command: "save" | "load", argument: string): string {
  const quoted = /^(["'])(.+)\1$/.exec(argument)?.[2];
  const path = expandHome(quoted ?? argument.replace(/\\([ '"()&\\])/g, "$1"));
  if (path === "") throw new MedGemmaError("INVALID_ARGUMENT", `/${command} needs a file name: /${command} conversation.json`);
  return path;
}

function helpText(): string {
  const rows = Object.entries(slashCommands).map(([name, { argument, describe }]) => {
    return `  ${`/${name} ${argument}`.trimEnd().padEnd(15)} ${describe}`;
  });
  return [
    ...rows,
    "  Drop or paste paths of pictures anywhere into a line. A line that ends in \\ continues on the next.",
    "  Ctrl-C stops an answer. Arrow up brings back earlier lines. Tab completes commands and paths."
  ].join("\n");
}
