/** `chat`: a conversation in the terminal, or line by line from a pipe. */
import { existsSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { answerOptions } from "../../chat/answer-options.js";
import type { MedGemma } from "../../chat/medgemma.js";
import { MedGemmaError } from "../../errors.js";
import { imageOptions } from "../../image/image-options.js";
import type { DecodedImage } from "../../image/types.js";
import { demoModel } from "../../models/demo-model.js";
import { ChatSession } from "../chat/chat-session.js";
import { openPipedInput } from "../chat/piped-input.js";
import { createPlainView } from "../chat/plain-view.js";
import { runChat } from "../chat/run-chat.js";
import { TerminalInput } from "../chat/terminal-input.js";
import { createTerminalView } from "../chat/terminal-view.js";
import { decodeImages } from "../input/decode-images.js";
import { ensureModel } from "../model/first-run.js";
import { valuesOf } from "../options/flags.js";
import { listenForInterrupt } from "../terminal/interrupt.js";
import { openModel } from "../model/open-model.js";
import { standardStream } from "../options/options.js";
import { exitCodes, Interrupted, printNote, UsageError } from "../terminal/output.js";
import { loadPresetNamed } from "../options/preset-named.js";
import { type Redaction } from "../terminal/redaction.js";
import { withFlags } from "../options/remedies.js";
import { StatusLine } from "../terminal/status-line.js";
import { bold, canMoveCursor, dim, green } from "../terminal/terminal.js";
import type { ChatArguments } from "../commands/chat.js";

export async function chat(args: ChatArguments, redaction: Redaction): Promise<void> {
  const preset = args.preset === undefined ? undefined : await loadPresetNamed(args.preset);
  const images = await decodeFirst(args, redaction);
  await using medgemma = await load({ ...args, model: await ensureModel(args.model) });
  const isTerminal = process.stdin.isTTY && canMoveCursor(process.stdout);
  const plainView = createPlainView({ debug: args.debug ?? false });
  const view = isTerminal ? createTerminalView({ debug: args.debug ?? false }) : plainView;
  if (medgemma.model.isPretrained) throw pretrained(medgemma.model.id);
  greet(medgemma);
  const session = await ChatSession.start(medgemma, view, {
    system: args.system,
    preset,
    images,
    redaction,
    ...valuesOf(imageOptions, args),
    ...valuesOf(answerOptions, args)
  });
  const input = isTerminal ? new TerminalInput() : openPipedInput();
  try {
    const prompts = {
      next: (attached: number) =>
        `${attached === 0 ? "" : dim(`${attached} ▣ `, process.stdout)}${bold(green("› ", process.stdout), process.stdout)}`,
      more: dim("… ", process.stdout)
    };
    const end = await runChat(session, { input, view, prompts });
    // At a terminal, two Ctrl-C are a way to leave; from a script, an interrupt is one.
    if (end === "interrupted" && !isTerminal) throw new Interrupted();
  } finally {
    input.close();
  }
  if (plainView.failures() > 0) process.exitCode = exitCodes.failed;
}

/** Before a model is loaded: a wrong file shows at once. */
async function decodeFirst(
  { image: paths = [], ...args }: ChatArguments,
  redaction: Redaction
): Promise<DecodedImage[]> {
  if (paths.includes(standardStream))
    throw new UsageError("chat reads messages from stdin, not an image. Name a file.");
  try {
    return await decodeImages(paths, redaction, valuesOf(imageOptions, args));
  } catch (error) {
    if (!(error instanceof MedGemmaError)) throw error;
    throw new MedGemmaError(
      error.code,
      `${withFlags(error.message, error.remedy)} Or start without -i, and drop the picture into the chat.`,
      { cause: error }
    );
  }
}

async function load(args: ChatArguments): Promise<MedGemma> {
  using interrupt = listenForInterrupt();
  return await openModel(args, { signal: interrupt.signal, status: new StatusLine(process.stderr) });
}

/** Who answers, on what, and where to begin. For a person only. */
function greet(medgemma: MedGemma): void {
  const { id, gpu, lora } = medgemma.model;
  const backend = { off: "CPU", metal: "Metal", cuda: "CUDA", vulkan: "Vulkan" }[gpu];
  printNote(
    `medgemma-local · model ${id} · ${backend} · context ${medgemma.contextSize} tokens · loaded in ${(medgemma.loadMs / 1000).toFixed(1)} s`
  );
  for (const { path, scale } of lora) printNote(`With the adapter ${path}, scale ${scale}.`);
  if (id === demoModel.id) {
    printNote("This is the demo model: it knows only drawn phantoms (plain shapes on a gray film), nothing medical.");
    const example = demoExample();
    if (example !== null) printNote(`Try: ${example} Describe the image.`);
  }
  if (!medgemma.acceptsImages) printNote("It was loaded without a projector and cannot see images.");
  printNote("For research and development; not a medical device.");
  printNote("Drop a picture here or type its path. /help lists the commands, Ctrl-D quits.\n");
}

/** A film that comes with the demo model, as one can type it. */
function demoExample(): string | null {
  const path = fileURLToPath(new URL("../../../models/demo/examples/film.png", import.meta.url));
  if (!existsSync(path)) return null;
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere;
}

function pretrained(id: string): MedGemmaError {
  return new MedGemmaError(
    "MODEL_MISMATCH",
    `${id} is the pre-trained variant: it continues a text and was never trained on conversations. Ask it with "ask", for example --preset findings, or chat with the instruction-tuned one (4b-it).`
  );
}
