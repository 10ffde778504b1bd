/** The models that a server answers with: each is loaded when it is first asked, kept while it is used, and unloaded when it is not. */
import type { MedGemma } from "../chat/medgemma.js";
import type { ModelSource } from "../chat/types.js";
import { MedGemmaError } from "../errors.js";
import { HttpError } from "./http-error.js";
import { isLoaded, type ServedModel } from "./served-model.js";

export interface ModelPoolOptions {
  readonly load: (source: ModelSource) => Promise<MedGemma>;
  /** Milliseconds without a question after which a model is unloaded; Infinity: never. */
  readonly keepAliveMs: number;
}

/** A model in use; it stays loaded until it is released. */
export interface Lease extends Disposable {
  readonly medgemma: MedGemma;
}

interface Entry {
  readonly id: string;
  readonly source: ServedModel;
  medgemma: MedGemma | null;
  loading: Promise<MedGemma> | null;
  users: number;
  usedAt: number;
  timer: NodeJS.Timeout | undefined;
}

export class ModelPool {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #aliases: ReadonlyMap<string, string>;
  readonly #options: ModelPoolOptions;
  /** Models are loaded one after another: each plans with the memory that is free. */
  #lastLoad: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /**
   * @param models By the name that a request calls them; the first one answers where none is named.
   * @param aliases Further names, each of one of the models.
   */
  constructor(
    models: ReadonlyMap<string, ServedModel>,
    aliases: ReadonlyMap<string, string>,
    options: ModelPoolOptions
  ) {
    this.#entries = new Map(
      [...models].map(([id, source]) => [
        id,
        {
          id,
          source,
          medgemma: isLoaded(source) ? source : null,
          loading: null,
          users: 0,
          usedAt: 0,
          timer: undefined
        }
      ])
    );
    this.#aliases = aliases;
    this.#options = options;
  }

  /** Each model, and whether it is loaded. */
  get models(): readonly {
    readonly id: string;
    readonly medgemma: MedGemma | null;
    readonly aliases: readonly string[];
  }[] {
    return [...this.#entries.values()].map(({ id, medgemma }) => ({
      id,
      medgemma,
      aliases: [...this.#aliases].filter(([, target]) => target === id).map(([alias]) => alias)
    }));
  }

  /**
   * The model that a request means.
   *
   * @throws HttpError 404 with the names that there are: another model's answer would look like this one's
   */
  idOf(name: string | undefined): string {
    const [first = ""] = this.#entries.keys();
    if (name === undefined) return first;
    const id = this.#aliases.get(name) ?? name;
    if (this.#entries.has(id)) return id;
    throw new HttpError(
      404,
      "model_not_found",
      `There is no model ${JSON.stringify(name.slice(0, 100))} here. There is ${[...this.#entries.keys(), ...this.#aliases.keys()].join(", ")}.`,
      { param: "model" }
    );
  }

  /** @throws what loading throws, as MedGemmaError; DISPOSED after `close` */
  async lease(id: string): Promise<Lease> {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new MedGemmaError("INTERNAL", `The model ${id} is not served.`);
    if (this.#isClosed) throw new MedGemmaError("DISPOSED", "The server is closing.");
    entry.users += 1;
    clearTimeout(entry.timer);
    const release = (): void => {
      entry.users -= 1;
      entry.usedAt = performance.now();
      if (entry.users === 0) this.#unloadLater(entry);
    };
    try {
      const medgemma = entry.medgemma ?? (await this.#load(entry));
      return { medgemma, [Symbol.dispose]: release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Unloads what the pool has loaded. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { timer } of this.#entries.values()) clearTimeout(timer);
    await this.#lastLoad.catch(() => undefined);
    await Promise.all([...this.#entries.values()].map((entry) => unload(entry)));
  }

  async #load(entry: Entry): Promise<MedGemma> {
    if (entry.loading === null) {
      const before = this.#lastLoad.catch(() => undefined);
      entry.loading = before.then(() => this.#loadWithin(entry));
      this.#lastLoad = entry.loading;
      entry.loading.finally(() => (entry.loading = null)).catch(() => undefined); // told to each that waits
    }
    return await entry.loading;
  }

  /** Where memory is short, models that nobody uses make room, the one that was not used for longest first. */
  async #loadWithin(entry: Entry): Promise<MedGemma> {
    for (;;) {
      const victim = this.#idleBeside(entry);
      const loaded = await this.#options.load(entry.source as ModelSource).catch((error: unknown) => {
        if (victim === undefined || !(error instanceof MedGemmaError && error.code === "OUT_OF_MEMORY")) throw error;
        return null;
      });
      const isWhole = loaded !== null && loaded.contextSize >= loaded.model.wantedContextSize;
      if (loaded !== null && (isWhole || victim === undefined)) {
        entry.medgemma = loaded;
        return loaded;
      }
      await loaded?.dispose();
      if (victim !== undefined) await unload(victim);
    }
  }

  #idleBeside(entry: Entry): Entry | undefined {
    return [...this.#entries.values()]
      .filter((other) => other !== entry && other.users === 0 && other.medgemma !== null && !isLoaded(other.source))
      .sort((a, b) => a.usedAt - b.usedAt)[0];
  }

  #unloadLater(entry: Entry): void {
    const { keepAliveMs } = this.#options;
    if (!Number.isFinite(keepAliveMs) || isLoaded(entry.source)) return;
    entry.timer = setTimeout(() => {
      if (entry.users === 0) void unload(entry);
    }, keepAliveMs);
    entry.timer.unref();
  }
}

async function unload(entry: Entry): Promise<void> {
  const { medgemma, source } = entry;
  if (medgemma === null || isLoaded(source)) return;
  entry.medgemma = null;
  await medgemma.dispose();
}
