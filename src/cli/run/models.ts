/** `models`: what is installed, and what can be had on this machine. */
import type { Advice } from "../../tools/advice/advise.js";
import { demoModel } from "../../models/demo-model.js";
import { installedModels, sizeOf, type InstalledModel } from "../../models/installed.js";
import { modelHome } from "../../models/model-home.js";
import { idOf } from "../../models/catalog.js";
import { storedModels, type StoredModel } from "../../models/stored-models.js";
import { unfinishedDownloads } from "../../models/unfinished.js";
import { alignedRows, bytes } from "../terminal/tables.js";
import { printAnswer, printJson } from "../terminal/output.js";
import { showTrial, StatusLine } from "../terminal/status-line.js";
import type { ModelsArguments } from "../commands/models.js";

export async function models({ json }: ModelsArguments): Promise<void> {
  const installed = await Promise.all((await installedModels()).map(withSize));
  const unfinished = await unfinishedDownloads();
  const status = new StatusLine(process.stderr);
  status.show("looking for models of other programs");
  const stored = await storedModels();
  status.show("looking at this machine");
  const { advise } = await import("../../tools/advice/advise.js"); // see openModel
  const advice = await advise({ onTrial: showTrial(status) }).finally(() => status.clear());
  if (json === true) {
    const available = advice.models.map(({ model, quantization, ...facts }) => ({
      id: idOf({ model, quantization }),
      name: model.name,
      takes: model.takes,
      about: model.about,
      accuracy: model.accuracy,
      ...facts
    }));
    printJson({
      folder: modelHome(),
      installed,
      unfinished,
      stored,
      available,
      proposal: advice.proposal === null ? null : idOf(advice.proposal)
    });
    return;
  }
  printAnswer(`Installed in ${modelHome()}\n${describeInstalled(installed)}`);
  for (const { id, byteLength } of unfinished)
    printAnswer(`  ${id}  unfinished, ${bytes(byteLength)} downloaded; pull it again to resume\n`);
  if (stored.length > 0) printAnswer(`\nInstalled by other programs, used in place\n${storedTable(stored)}`);
  printAnswer(`\nAvailable to pull\n${modelTable(advice)}`);
}

type SizedModel = Pick<InstalledModel, "id" | "text" | "mmproj"> & {
  readonly byteLength: number;
  readonly recorded: boolean;
};

async function withSize({ id, text, parts, mmproj, record }: InstalledModel): Promise<SizedModel> {
  const sizes = await Promise.all(
    [...parts, mmproj].map(async (path) => (path === null ? 0 : ((await sizeOf(path)) ?? 0)))
  );
  return { id, text, mmproj, byteLength: sizes.reduce((sum, size) => sum + size, 0), recorded: record !== null };
}

function describeInstalled(installed: readonly SizedModel[]): string {
  const rows = installed.map(({ id, text, byteLength, recorded }) => [
    `  ${id}`,
    bytes(byteLength),
    recorded ? text : `${text} (put there by hand)`
  ]);
  return alignedRows([
    ...rows,
    [`  ${demoModel.id}`, "", "comes with the program; knows only drawn phantoms, nothing medical"]
  ]);
}

/** One line for each model, as it is called with `--model`. */
export function storedTable(stored: readonly StoredModel[]): string {
  return alignedRows(stored.map((model) => [`  ${model.id}`, bytes(model.byteLength), describeStore(model)]));
}

function describeStore({ store, kind, takesImages, unsupported }: StoredModel): string {
  if (unsupported !== null) return `${store}; cannot be used as it is: ${unsupported}`;
  return [
    store,
    ...(takesImages ? [] : ["text only"]),
    ...(kind === "ollama" ? ["its own layout: copied once before use"] : [])
  ].join(", ");
}

/** One line for each model and quantisation, with what to expect of it here. */
export function modelTable({ models: all, machine, proposal }: Advice): string {
  const proposed = proposal === null ? null : idOf(proposal);
  const rows = all.map((one) => [
    `  ${idOf(one) === proposed ? "*" : " "} ${idOf(one)}`,
    bytes(one.downloadBytes),
    one.fits ? "fits" : `needs ${bytes(one.neededBytes)}`,
    one.fits && one.tokensPerSecond !== null ? one.tokensPerSecond.toPrecision(2) : "–",
    one.model.projector === null
      ? "text only"
      : one.fits && one.imageMs !== null
        ? `${Math.ceil(one.imageMs / 1000)} s`
        : "–"
  ]);
  const where =
    machine.gpu.backend === "off"
      ? "tokens/s and s an image: expected on this CPU"
      : `${machine.gpu.devices.join(", ")}: run "bench" for its speed`;
  return `${alignedRows([["    id", "download", "memory", "tokens/s", "an image"], ...rows])}  * recommended · ${where}\n`;
}
