/** `serve`: the library's server as a command. Only its address goes to stdout, for scripts. */
import { readFile } from "node:fs/promises";
import { MedGemmaError } from "../../errors.js";
import { computeOptions } from "../../loading/load-options.js";
import { resolveModel } from "../../models/resolve-model.js";
import { listenOptions, serverOptions } from "../../server/server-options.js";
import { createServer } from "../../server/start.js";
import { valuesOf } from "../options/flags.js";
import { listenForInterrupt } from "../terminal/interrupt.js";
import { tellModel, tellWarnings } from "../model/open-model.js";
import { printAnswer, printNote, UsageError } from "../terminal/output.js";
import type { ServeArguments } from "../commands/serve.js";

export async function serve(args: ServeArguments): Promise<void> {
  using interrupt = listenForInterrupt();
  const { id, warnings } = await resolveModel(args.model, { mmproj: args.mmproj });
  tellWarnings(warnings);
  const main =
    args.model === undefined ? id : args.mmproj === undefined ? args.model : { model: args.model, mmproj: args.mmproj };
  const further = args.models ?? [];
  await using server = await createServer({
    ...valuesOf(serverOptions, args),
    models: { [id]: main, ...Object.fromEntries(further.map((name) => [name, name])) },
    aliases: Object.fromEntries((args.alias ?? []).map(readAlias)),
    token: args["token-file"] === undefined ? null : await readToken(args["token-file"]),
    load: {
      ...valuesOf(computeOptions, args),
      lora: args.lora,
      ...(args["image-cache"] === undefined ? {} : { imageCache: { folder: args["image-cache"] } })
    },
    onLoad: tellModel
  });
  const address = await server.listen(valuesOf(listenOptions, args));
  printAnswer(`${address}/v1\n`);
  printNote("For research and development; not a medical device. Ctrl-C stops the server.");
  printNote(`loading ${id} …`);
  await server.load();
  printNote("ready");
  await interrupted(interrupt.signal);
  printNote("stopping; running requests may finish. Ctrl-C again ends them.");
}

async function interrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

function readAlias(given: string): [string, string] {
  const [, name, model] = /^([^=]+)=(.+)$/.exec(given) ?? [];
  if (name === undefined || model === undefined)
    throw new UsageError(`--alias must be NAME=MODEL, but is ${given}. For example --alias gpt-4o=demo.`);
  return [name, model];
}

async function readToken(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    throw new MedGemmaError("FILE_UNUSABLE", `The token file ${path} cannot be read: ${(error as Error).message}.`, {
      cause: error
    });
  }
}
