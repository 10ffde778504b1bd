/** The first run of `chat`: no model is there yet. Says what the machine can do, proposes one, and gets it. */
import type { Advice } from "../advice/advise.js";
import { MedGemmaError } from "../errors.js";
import { isOffline } from "../hub/endpoint.js";
import { idOf, readCatalog } from "../models/catalog.js";
import { demoModel } from "../models/demo-model.js";
import { modelHome } from "../models/model-home.js";
import { parseModelName } from "../models/model-name.js";
import { hasInstalledModel, isInstalled } from "../models/resolve-model.js";
import { askPerson, hasPerson } from "./ask-person.js";
import { modelTable } from "./commands/models.js";
import { wrapToWidth } from "./display-width.js";
import { bytes } from "./describe-facts.js";
import { Interrupted, writeNote } from "./output.js";
import { pullWithProgress } from "./pull-model.js";
import { showTrial, StatusLine } from "./status-line.js";
import { bold } from "./terminal.js";

/**
 * @param wanted What the user asked for; undefined: whatever is there.
 * @returns what to load
 * @throws MedGemmaError MODEL_NOT_FOUND where nobody can be asked; Interrupted when they leave; as `pullModel`
 */
export async function ensureModel(wanted: string | undefined): Promise<string | undefined> {
  if (wanted === undefined ? await hasInstalledModel() : !(await canBePulled(wanted)) || (await isInstalled(wanted))) return wanted;
  if (!hasPerson()) throw notInstalled(wanted);
  const status = new StatusLine(process.stderr);
  status.show("looking at this machine");
  const { advise } = await import("../advice/advise.js"); // see openModel
  const advice = await advise({ onTrial: showTrial(status) }).finally(() => status.clear());
  return await talk(wanted, advice);
}

async function talk(wanted: string | undefined, advice: Advice): Promise<string> {
  const say = (text: string) => process.stderr.write(`${wrapToWidth(text, process.stderr.columns).join("\n")}\n`);
  const { machine, budgetBytes } = advice;
  say(bold(wanted === undefined ? "No MedGemma is installed yet." : `${wanted} is not installed yet.`, process.stderr));
  const gpu = machine.gpu.backend === "off" ? "no GPU" : machine.gpu.devices.join(", ");
  writeNote(`This machine: ${machine.cpu.model}, ${machine.cpu.cores} cores · ${gpu} · ${bytes(budgetBytes)} of memory free`, process.stderr);
  say("");
  const proposal = wanted ?? (advice.proposal === null ? null : idOf(advice.proposal));
  const least = Math.min(...advice.models.map(({ neededBytes }) => neededBytes));
  if (proposal === null) say(`It has too little free memory for any MedGemma: the smallest needs ${bytes(least)}. Close other programs, or try the demo model.`);
  else say(describe(proposal, advice));
  if (isOffline()) say("Downloads are switched off (--offline). From a folder or USB stick: medgemma-local import PATH");
  say("");
  const choices = [
    ...(proposal === null || isOffline() ? [] : ["  Enter  download it"]),
    ...(isOffline() ? [] : ["  m      see all models"]),
    "  d      try the program with its demo model (drawn phantoms, nothing medical)",
    "  q      leave"
  ];
  for (;;) {
    say(choices.join("\n"));
    const answer = await askPerson(bold("› ", process.stderr));
    if (answer === "q") throw new Interrupted();
    if (answer === "d") return demoModel.id;
    if (answer === "m" && !isOffline()) say(`\n${modelTable(advice)}\nType one of the names, or:`);
    else if (answer === "" && proposal !== null && !isOffline()) return (await pullWithProgress(proposal)).id;
    else if (!isOffline() && (await canBePulled(answer))) return (await pullWithProgress(answer)).id;
  }
}

function describe(proposal: string, { models }: Advice): string {
  const advice = models.find((one) => idOf(one) === proposal || one.model.id === proposal);
  if (advice === undefined) return `It can be downloaded: ${proposal}`;
  const { model, tokensPerSecond, imageMs, fits, neededBytes } = advice;
  const speed = tokensPerSecond === null ? "" : `, about ${tokensPerSecond.toPrecision(2)} tokens a second${imageMs === null ? "" : ` and ${Math.ceil(imageMs / 1000)} s an image`}`;
  const warning = fits ? "" : `; it needs ${bytes(neededBytes)} of memory, MORE THAN IS FREE`;
  return `${bold(`${model.name} (${idOf(advice)})`, process.stderr)}: ${model.about}.\n${bytes(advice.downloadBytes)} to download${speed}${warning}.`;
}

function notInstalled(wanted: string | undefined): MedGemmaError {
  const what = wanted === undefined ? "No MedGemma is installed" : `${wanted} is not installed`;
  return new MedGemmaError(
    "MODEL_NOT_FOUND",
    `${what} in ${modelHome()}. Run: medgemma-local pull ${wanted ?? "1.5-4b-it"} --accept-terms; or try the program with --model demo.`
  );
}

async function canBePulled(name: string): Promise<boolean> {
  return parseModelName(name, await readCatalog()) !== null;
}
