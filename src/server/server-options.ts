/** What a server is told. */
import type { MedGemma } from "../chat/medgemma.js";
import type { LoadOptions } from "../chat/types.js";
import { MedGemmaError } from "../errors.js";
import { checkLoadArguments } from "../loading/load-options.js";
import {
  anObject,
  callback,
  checkedLater,
  checkOptions,
  isObject,
  orNull,
  refuseUnreadable,
  type RulesOf
} from "../shared/check-arguments.js";
import { decimal, named, rulesOf, texts, wholeNumber, withDefaults, type OptionsOf } from "../shared/option.js";
import { isLoaded, nameOfModel, type ServedModel } from "./served-model.js";

/** Limits of a server, and who may call it. */
export const serverOptions = {
  /** Requests that one model answers at the same time. */
  parallel: wholeNumber({ min: 1, max: 64, describe: "Requests answered at the same time", default: 4 }),
  /** Requests that may wait besides; more get status 503. */
  maxWaiting: wholeNumber({ min: 0, describe: "Requests that may wait; more are refused", default: 16 }),
  /** Names, besides the address it listens on, by which the server may be called. */
  hosts: texts({ describe: "Further host name of the server; can be repeated", default: [], flag: "allow-host" }),
  /** Origins of web pages that may call the server, "https://notes.example"; its own may. */
  origins: texts({
    describe: "Origin of web pages that may call the server; can be repeated",
    default: [],
    flag: "allow-origin"
  }),
  maxRequestBytes: wholeNumber({ min: 1, describe: "Largest request in bytes", default: 64 * 1024 ** 2 }),
  /** Of all files of /v1/files together. They are kept in a temporary folder until the server closes. */
  maxFileBytes: wholeNumber({ min: 0, describe: "Bytes of all uploaded files together", default: 2 * 1024 ** 3 }),
  /** Seconds without a question after which a model is unloaded. */
  keepAliveSeconds: decimal({
    min: 0,
    max: Infinity,
    describe: "Seconds without a question after which a model is unloaded; Infinity keeps it",
    default: 300,
    flag: "keep-alive"
  }),
  /** Seconds that requests have to finish when the server closes. */
  graceSeconds: decimal({
    min: 0,
    max: 3600,
    describe: "Seconds that running requests have to finish when the server stops",
    default: 30,
    flag: "grace"
  })
};

/** How a server answers, and whom. */
export interface ServerOptions extends OptionsOf<typeof serverOptions> {
  /** The model: what `loadMedGemma` takes, or what it gives, which remains the caller's. Default: as in `loadMedGemma`. */
  readonly model?: ServedModel | undefined;
  /** Several models, by the names that requests call them. Each is loaded when it is first asked. The first one is the default. */
  readonly models?: Readonly<Record<string, ServedModel>> | undefined;
  /** Further names of models: `{ "gpt-4o": "1.5-4b-it" }` for a program that knows no other. */
  readonly aliases?: Readonly<Record<string, string>> | undefined;
  /** How models are loaded. */
  readonly load?: Omit<LoadOptions, "parallel"> | undefined;
  /** What each request must carry as "Authorization: Bearer TOKEN", 8 characters or more. Default null: none, for this machine alone. */
  readonly token?: string | null | undefined;
  /** Called with each model that was loaded, to show its warnings. Without it they are process warnings, as of `loadMedGemma`. */
  readonly onLoad?: ((medgemma: MedGemma) => void) | undefined;
}

/** Where a server listens. */
export const listenOptions = {
  /** Addresses that other machines can reach need a token. */
  host: named({ describe: "Address to listen on; all but this machine's own need a token", default: "127.0.0.1" }),
  /** 0: any that is free. */
  port: wholeNumber({ min: 0, max: 65_535, describe: "Port to listen on, 0 for any free one", default: 8080 })
};

/** Where a server listens. */
export type ListenOptions = OptionsOf<typeof listenOptions>;

const rules: RulesOf<ServerOptions> = {
  ...rulesOf(serverOptions),
  model: checkedLater,
  models: anObject,
  aliases: anObject,
  load: anObject,
  onLoad: callback,
  token: orNull({
    expected: "a text of 8 characters or more",
    holds: (value) => typeof value === "string" && value.length >= 8
  })
};

export function withServerDefaults(options: ServerOptions) {
  return { ...withDefaults(serverOptions, options), token: options.token ?? null, aliases: options.aliases ?? {} };
}

/** The models by the names that requests call them. */
export function modelsOf({ models, model = "demo" }: ServerOptions): ReadonlyMap<string, ServedModel> {
  return new Map(models === undefined ? [[nameOfModel(model), model]] : Object.entries(models));
}

/** @throws MedGemmaError INVALID_ARGUMENT */
export function checkServerOptions(options: unknown): void {
  checkOptions("The options of createServer", options, rules);
  refuseUnreadable("The options of createServer", () => checkModels(options as ServerOptions));
}

function checkModels({ model, models, aliases = {}, load = {} }: ServerOptions): void {
  if (model !== undefined && models !== undefined)
    throw new MedGemmaError("INVALID_ARGUMENT", "model and models cannot be combined. Leave one out.");
  for (const one of models === undefined ? [model] : (Object.values(models) as unknown[]))
    if (!isObject(one) || !isLoaded(one as ServedModel)) checkLoadArguments(one, load);
  const names = [...modelsOf({ model, models }).keys()];
  if (names.length === 0)
    throw new MedGemmaError("INVALID_ARGUMENT", "models is empty: the server would have nothing to answer with.");
  for (const [alias, target] of Object.entries(aliases)) {
    if (names.includes(target)) continue;
    throw new MedGemmaError(
      "INVALID_ARGUMENT",
      `The alias ${alias} must be of a model that is served: ${names.join(", ")}.`
    );
  }
}

/** @throws MedGemmaError INVALID_ARGUMENT */
export function checkListenOptions(options: unknown): void {
  checkOptions("The options of listen", options, rulesOf(listenOptions));
}
