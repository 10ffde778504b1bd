/** A chat in progress: the conversation, what is attached to the next message, and what each command does. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Chat } from "../../chat/chat.js";
import type { MedGemma } from "../../chat/medgemma.js";
import type { Reply } from "../../chat/reply.js";
import type { Answer, AskOptions } from "../../chat/types.js";
import { MedGemmaError } from "../../errors.js";
import { identifyFile } from "../../formats/identify-file.js";
import { imageOptions } from "../../image/image-options.js";
import type { DecodedImage } from "../../image/types.js";
import { listPresets, loadPreset } from "../../presets/load-preset.js";
import type { Preset } from "../../presets/preset.js";
import { seriesChoices } from "../../series/series-options.js";
import { slideChoices } from "../../slide/slide-options.js";
import { parsePrior } from "../options/parse-prior.js";
import { plainName } from "../terminal/plain-text.js";
import type { Redaction } from "../terminal/redaction.js";
import { imageCount, shownBy, type Sources } from "../input/sources.js";
import { Attachments } from "./attachments.js";
import type { ChatView } from "./chat-view.js";
import { inChatWords } from "./in-chat-words.js";
import { onePath, onePathOf, pathsOf } from "./command-paths.js";
import { findNamedFiles } from "./named-files.js";
import { parsePathAndFlags } from "./path-and-flags.js";
import { refusalOf } from "./refuse-file.js";
import { parseMessage, slashHelp, type SlashCommandName } from "./slash-command.js";
import { sourcesOf, textOf } from "./turn-text.js";

interface SessionOptions extends Omit<AskOptions, "images" | "signal" | "onProgress" | "preset"> {
  readonly system?: string | undefined;
  readonly preset?: Preset | undefined;
  /** Of the first message. */
  readonly images: readonly DecodedImage[];
  readonly redaction: Redaction;
}

export class ChatSession {
  readonly #medgemma: MedGemma;
  readonly #view: ChatView;
  readonly #options: Omit<AskOptions, "images" | "preset" | "window" | "frame" | "signal" | "onProgress">;
  readonly #redaction: Redaction;
  readonly #attached: Attachments;
  #chat: Chat;
  /** How the questions were asked here, so that /undo can give their images back and /retry asks alike. */
  #asked: { readonly question: string; readonly sources: Sources; readonly preset: Preset | undefined }[] = [];
  /** Asks the next message. */
  #preset: Preset | undefined;
  /** undefined while nobody said. */
  #think: boolean | undefined;
  #running: Reply | null = null;
  /** Of a series, slide or conversation that is being read. */
  #reading: AbortController | null = null;
  /** Where this conversation was saved or loaded: the one existing file that /save may replace. */
  #file: string | null = null;
  #isOver = false;

  static async start(medgemma: MedGemma, view: ChatView, options: SessionOptions): Promise<ChatSession> {
    const { system, images, ...others } = options;
    const chat = await medgemma.createChat({ system: system ?? options.preset?.system ?? undefined });
    const session = new ChatSession(medgemma, view, others, chat);
    for (const image of images) session.#attached.addImage(image);
    return session;
  }

  private constructor(
    medgemma: MedGemma,
    view: ChatView,
    { preset, redaction, window, frame, ...options }: Omit<SessionOptions, "system" | "images">,
    chat: Chat
  ) {
    this.#medgemma = medgemma;
    this.#view = view;
    this.#options = options;
    this.#preset = preset;
    this.#redaction = redaction;
    this.#attached = new Attachments(medgemma, view, redaction, {
      window,
      frame,
      fit: options.fit,
      aspect: options.aspect,
      maxTokens: options.maxTokens
    });
    this.#think = options.think;
    this.#chat = chat;
  }

  /** Whether /exit was given. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get attachedCount(): number {
    return this.#attached.count;
  }

  /** A command, or a message with its dropped images. Tells failures itself: a chat goes on after them. */
  async handle(message: string): Promise<void> {
    try {
      const parsed = parseMessage(message);
      if (parsed.kind === "command") await this.#commands[parsed.name](parsed.argument);
      else if (parsed.kind === "unknown") this.#unknown(parsed.typed, parsed.near);
      else await this.#say(message);
    } catch (error) {
      this.#view.failure(this.#redaction.error(inChatWords(error)));
    }
  }

  /** Stops the reply that runs, or the series, slide or conversation that is read, if there is one. */
  stop(): void {
    this.#running?.abort();
    this.#reading?.abort();
  }

  readonly #commands: Readonly<Record<SlashCommandName, (argument: string) => Promise<void> | void>> = {
    image: async (argument) => {
      const paths = await pathsOf(argument);
      if (paths.length === 0) this.#attached.tell();
      await this.#attach(paths);
    },
    prior: async (argument) => {
      const { path, date } = parsePrior(argument, "/prior");
      const file = await onePathOf("/prior", path);
      if (file === null) {
        this.#attached.tell();
        return;
      }
      await this.#refuseOthers(file);
      await this.#attached.addPrior({ path: file, date });
    },
    series: async (argument) => {
      const { paths, choices } = parsePathAndFlags(
        { ...seriesChoices, window: imageOptions.window },
        argument,
        "/series"
      );
      const files = await pathsOf(paths);
      if (files.length === 0) this.#attached.tell();
      else
        await this.#whileReading(
          "nothing was attached",
          async (signal) => await this.#attached.takeSeries(files, choices, signal)
        );
    },
    slide: async (argument) => {
      const { paths, choices } = parsePathAndFlags(slideChoices, argument, "/slide");
      const file = await onePathOf("/slide", paths);
      if (file === null) this.#attached.tell();
      else
        await this.#whileReading(
          "nothing was attached",
          async (signal) => await this.#attached.takeSlide(file, choices, signal)
        );
    },
    detach: () => {
      this.#attached.clear();
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
      else if (argument !== "")
        throw new MedGemmaError("INVALID_ARGUMENT", `/think takes on or off, but got ${argument}.`);
      this.#view.note(this.#think === true ? "The model thinks before it answers." : "The model answers directly.");
    },
    thought: () => {
      const thought = this.#chat.turns
        .map((turn) => (turn.role === "assistant" ? turn.thought : null))
        .findLast((one) => typeof one === "string");
      this.#view.note(thought ?? "There was no thought yet. Turn thoughts on with /think on.");
    },
    retry: async () => {
      const { fit: _fit, aspect: _aspect, ...options } = this.#options; // the images are there already, as they were fitted then
      const preset = this.#asked.at(-1)?.preset;
      await this.#show((shared) => this.#chat.regenerate({ ...options, ...shared, preset }));
    },
    undo: async () => {
      const undone = this.#chat.turns.at(-2);
      if ((await this.#chat.rewind()) === 0) throw new MedGemmaError("INVALID_ARGUMENT", "There is nothing to undo.");
      const left = this.#chat.turns.length / 2;
      const asked = this.#asked.pop();
      this.#view.note(
        `Taken back: ${asked?.question ?? (undone === undefined ? "" : textOf(undone))}\n${left} ${left === 1 ? "exchange is" : "exchanges are"} left.`
      );
      this.#preset = asked?.preset;
      if (asked !== undefined && imageCount(asked.sources) > 0) this.#attached.giveBack(asked.sources);
    },
    reset: async () => {
      await this.#chat.reset();
      this.#attached.clear();
      this.#asked = [];
      this.#file = null;
      this.#view.note("The conversation was cleared.");
    },
    save: async (argument) => await this.#save(onePath("save", argument)),
    load: async (argument) => await this.#load(onePath("load", argument)),
    help: () => this.#view.note(slashHelp()),
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
    await this.#attached.addImages(files.map(({ path }) => path));
    if (text !== "") await this.#ask(text);
  }

  async #attach(paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.#refuseOthers(path);
    await this.#attached.addImages(paths);
  }

  /** A volume or a slide, which another command shows. The decoder says what else is not an image. */
  async #refuseOthers(path: string): Promise<void> {
    const found = await identifyFile(path);
    if (found.kind !== "file" || (found.format?.kind !== "volume" && found.format?.kind !== "slide")) return;
    const refusal = refusalOf({ path, found }, this.#redaction);
    if (refusal !== null) throw refusal;
  }

  async #ask(prompt: string): Promise<void> {
    const [{ sources }, preset] = [this.#attached, this.#preset];
    const answer = await this.#show((shared) =>
      this.#chat.ask(prompt, { ...this.#options, ...shared, ...shownBy(sources), preset })
    );
    // Stopped before a word was said, the question was not asked: its images wait for the next.
    if (answer.stopReason === "aborted" && answer.tokens.length === 0) return;
    this.#attached.clear();
    this.#preset = undefined;
    this.#asked.push({ question: prompt, sources, preset });
  }

  async #show(ask: (options: Pick<AskOptions, "think" | "onProgress">) => Reply): Promise<Answer> {
    const { reply: view } = this.#view;
    let answer = null;
    view.begin();
    try {
      this.#running = ask({ think: this.#think, onProgress: (progress) => view.progress(progress) });
      for await (const chunk of this.#running) view.chunk(chunk);
      answer = await this.#running;
      return answer;
    } finally {
      this.#running = null;
      view.end(answer);
    }
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
    const loaded = await this.#whileReading(
      "the conversation is the one before",
      async (signal) => await this.#medgemma.loadChat(path, { signal })
    );
    if (loaded === null) return;
    await this.#chat.dispose();
    this.#chat = loaded;
    if (this.#attached.count > 0)
      this.#view.note("The attached images were removed; they belonged to the previous conversation.");
    this.#attached.clear();
    this.#asked = [];
    this.#file = resolve(path);
    for (const turn of loaded.turns) {
      for (const source of turn.role === "user" ? sourcesOf(turn) : []) this.#view.note(`▣ ${plainName(source)}`);
      this.#view.note(turn.role === "user" ? `› ${textOf(turn)}` : `${turn.text}\n`);
    }
    const exchanges = loaded.turns.length / 2;
    this.#view.note(`${name}: ${exchanges} ${exchanges === 1 ? "exchange" : "exchanges"}. Go on where it ended.`);
  }

  /** Until it ends, or Ctrl-C stops it. @returns null when it was stopped */
  async #whileReading<Result>(
    whenStopped: string,
    read: (signal: AbortSignal) => Promise<Result>
  ): Promise<Result | null> {
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    try {
      return await read(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      this.#view.note(`Stopped; ${whenStopped}.`);
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
