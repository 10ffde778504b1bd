/** The first run of `chat`: no model is installed yet. Offers what other programs have, else says what the machine can do, and gets a model. */
import type { Advice } from "../../tools/advice/advise.js";
import { MedGemmaError } from "../../errors.js";
import { isOffline } from "../../models/hub/endpoint.js";
import { idOf, readCatalog } from "../../models/catalog.js";
import { demoModel } from "../../models/demo-model.js";
import { modelHome } from "../../models/model-home.js";
import { parseModelName } from "../../models/model-name.js";
import { hasInstalledModel, isHere } from "../../models/resolve-model.js";
import { storedModels, type StoredModel } from "../../models/stored-models.js";
import { askPerson, hasPerson } from "../terminal/ask-person.js";
import { modelTable, storedTable } from "../run/models.js";
import { wrapToWidth } from "../terminal/display-width.js";
import { bytes } from "../terminal/tables.js";
import { Interrupted, writeNote } from "../terminal/output.js";
import { pullWithProgress } from "./pull-model.js";
import { showTrial, StatusLine } from "../terminal/status-line.js";
import { bold } from "../terminal/terminal.js";

/**
 * @param wanted What the user asked for; undefined: whatever is there.
 * @returns what to load
 * @throws MedGemmaError MODEL_NOT_FOUND where nobody can be asked; Interrupted when they leave; as `pullModel`
 */
export async function ensureModel(wanted: string | undefined): Promise<string | undefined> {
  if (wanted === undefined ? await hasInstalledModel() : !(await canBePulled(wanted)) || (await isHere(wanted)))
    return wanted;
  const status = new StatusLine(process.stderr);
  status.show("looking for models of other programs");
  const stored = (await storedModels())
    .filter(({ unsupported }) => unsupported === null)
    .toSorted((a, b) => rankOf(a) - rankOf(b));
  status.clear();
  if (!hasPerson()) throw notInstalled(wanted, stored);
  status.show("looking at this machine");
  const { advise } = await import("../../tools/advice/advise.js"); // see openModel
  const advice = await advise({ onTrial: showTrial(status) }).finally(() => status.clear());
  return await talk(wanted, advice, stored);
}

async function talk(wanted: string | undefined, advice: Advice, stored: readonly StoredModel[]): Promise<string> {
  const say = (text: string) => process.stderr.write(`${wrapToWidth(text, process.stderr.columns).join("\n")}\n`);
  const { machine, budgetBytes } = advice;
  say(bold(wanted === undefined ? "No MedGemma is installed yet." : `${wanted} is not installed yet.`, process.stderr));
  const gpu = machine.gpu.backend === "off" ? "no GPU" : machine.gpu.devices.join(", ");
  writeNote(
    `This machine: ${machine.cpu.model}, ${machine.cpu.cores} cores · ${gpu} · ${bytes(budgetBytes)} of memory free`,
    process.stderr
  );
  say("");
  if (stored.length > 0) say(describeStored(stored));
  const proposal = wanted ?? (advice.proposal === null ? null : idOf(advice.proposal));
  const least = Math.min(...advice.models.map(({ neededBytes }) => neededBytes));
  if (proposal === null)
    say(
      `It has too little free memory for any MedGemma: the smallest needs ${bytes(least)}. Close other programs, or try the demo model.`
    );
  else say(describe(proposal, advice));
  if (isOffline())
    say("Downloads are switched off (--offline). From a folder or USB stick: medgemma-local import PATH");
  say("");
  // Enter never downloads what is on the disk, and never takes another model than the one that was asked for.
  const ready = wanted === undefined ? stored[0] : undefined;
  const download = isOffline() ? null : proposal;
  const downloadKey = ready === undefined ? "" : "p";
  const numbers = stored.length > 1 ? `1–${stored.length}` : "1";
  const choices = [
    ...(ready === undefined ? [] : [["Enter", `use ${ready.id}`]]),
    ...(download === null
      ? []
      : [[downloadKey === "" ? "Enter" : downloadKey, `download ${stored.length === 0 ? "it" : download}`]]),
    ...(stored.length === 0 || (ready !== undefined && stored.length === 1)
      ? []
      : [[numbers, "use a model of another program"]]),
    ...(isOffline() ? [] : [["m", "see all models"]]),
    ["d", "try the program with its demo model (drawn phantoms, nothing medical)"],
    ["q", "leave"]
  ];
  for (;;) {
    say(choices.map(([key = "", meaning = ""]) => `  ${key.padEnd(5)}  ${meaning}`).join("\n"));
    const answer = await askPerson(bold("› ", process.stderr));
    const named = stored.find(({ id }, index) => answer === (index + 1).toString() || answer === id.toLowerCase());
    if (answer === "q") throw new Interrupted();
    if (answer === "d") return demoModel.id;
    const chosen = answer === "" ? ready : named;
    if (chosen !== undefined) {
      writeNote(
        `"medgemma-local import ${chosen.id}" makes it the default; until then: medgemma-local chat -m ${chosen.id}\n`,
        process.stderr
      );
      return chosen.id;
    }
    if (answer === "m" && !isOffline()) say(`\n${modelTable(advice)}\nType a name, or:`);
    else if (answer === downloadKey && download !== null) return (await pullWithProgress(download)).id;
    else if (!isOffline() && (await canBePulled(answer))) return (await pullWithProgress(answer)).id;
  }
}

function describe(proposal: string, { models }: Advice): string {
  const advice = models.find((one) => idOf(one) === proposal || one.model.id === proposal);
  if (advice === undefined) return `Available to download: ${proposal}`;
  const { model, tokensPerSecond, imageMs, fits, neededBytes } = advice;
  const speed =
    tokensPerSecond === null
      ? ""
      : `, about ${tokensPerSecond.toPrecision(2)} tokens a second${imageMs === null ? "" : ` and ${Math.ceil(imageMs / 1000)} s an image`}`;
  const warning = fits ? "" : `; it needs ${bytes(neededBytes)} of memory, MORE THAN IS FREE`;
  return `${bold(`${model.name} (${idOf(advice)})`, process.stderr)}: ${model.about}.\n${bytes(advice.downloadBytes)} to download${speed}${warning}.`;
}

/** As the catalog does: the newest first, and what only continues texts last. */
function rankOf({ id, takesImages }: StoredModel): number {
  return (takesImages ? 0 : 10) + (/-pt(?:$|\W)/i.test(id) ? 2 : /1[._]5/.test(id) ? 0 : 1);
}

function describeStored(stored: readonly StoredModel[]): string {
  const rows = storedTable(stored)
    .trimEnd()
    .split("\n")
    .map((row, index) => `${(index + 1).toString().padStart(3)}${row}`);
  return `Other programs have these models already. They are used in place; nothing is changed.\n${rows.join("\n")}\n`;
}

function notInstalled(wanted: string | undefined, stored: readonly StoredModel[]): MedGemmaError {
  const [first, ...others] = stored.map(({ id }) => id);
  const more = others.length === 0 ? "" : ` (or one of ${others.length} more that "medgemma-local models" lists)`;
  const here = first === undefined ? "" : ` Another program has ${first}: use it with --model ${first}${more}.`;
  const what = wanted === undefined ? "No MedGemma is installed" : `${wanted} is not installed`;
  return new MedGemmaError(
    "MODEL_NOT_FOUND",
    `${what} in ${modelHome()}.${here} ${first === undefined ? "Run" : "Or run"}: medgemma-local pull ${wanted ?? "1.5-4b-it"} --accept-terms; or try the program with --model demo.`
  );
}

async function canBePulled(name: string): Promise<boolean> {
  return parseModelName(name, await readCatalog()) !== null;
}
