/** `ask`: one question with its images, the answer streamed to stdout. */
import { readFile } from "node:fs/promises";
import type { CommandModule, InferredOptionTypes } from "yargs";
import type { Answer } from "../../chat/types.js";
import type { Reply } from "../../chat/reply.js";
import { MedGemmaError } from "../../errors.js";
import { decodeImages } from "../decode-images.js";
import { drawAnswer, drawingPaths, tellRejected } from "../draw-answer.js";
import { listenForInterrupt } from "../interrupt.js";
import { noteDemoModel, openModel } from "../open-model.js";
import { answerOptions, boxesOption, imageOptions, jsonOption, loraOption, modelOptions, schemaOption, standardStream } from "../options.js";
import { Interrupted, printAnswer, printJson, UsageError } from "../output.js";
import { plainText } from "../plain-text.js";
import { refuseToOverwrite } from "../refuse-to-overwrite.js";
import { describeProgress, StatusLine } from "../status-line.js";
import { readPrompt } from "../stdin.js";
import { dim } from "../terminal.js";

const options = {
  image: {
    alias: "i",
    type: "string",
    requiresArg: true,
    // Not yargs' arrays: they would swallow the question behind it, and refuse the - of stdin.
    coerce: (given: string | string[]) => [given].flat(),
    group: "Image:",
    describe: "Image file; repeat it for several; - reads one from stdin"
  },
  ...modelOptions,
  ...loraOption,
  ...imageOptions,
  ...answerOptions,
  ...schemaOption,
  ...boxesOption,
  ...jsonOption
} as const;

type Arguments = InferredOptionTypes<typeof options> & { prompt: string | undefined };

export const askCommand: CommandModule<object, Arguments> = {
  command: "ask [prompt]",
  describe: "Ask one question about images",
  builder: (command) =>
    command
      .positional("prompt", { type: "string", describe: "The question; text on stdin is put in front of it" })
      .options(options)
      .example('$0 ask "Describe the image." -i scan.png', "")
      .example('$0 ask "What changed?" -i before.png -i after.png --json', "")
      .example('$0 ask "Where is the nodule?" -i scan.png --boxes found.png', "")
      .example('cat report.txt | $0 ask "Summarize this report."', ""),
  handler: ask
};

async function ask(args: Arguments): Promise<void> {
  const images = args.image ?? [];
  const stdinIsImage = images.includes(standardStream);
  checkDrawing(args.boxes, images);
  using interrupt = listenForInterrupt();
  const schema = args.schema === undefined ? undefined : await readSchema(args.schema);
  const prompt = await readPrompt(args.prompt === standardStream ? undefined : args.prompt, { stdinIsImage });
  const decoded = await decodeImages(images);
  const status = new StatusLine(process.stderr);

  await using medgemma = await openModel(args, { signal: interrupt.signal, status });
  noteDemoModel(medgemma, args);
  await using chat = await medgemma.createChat({ system: args.system });
  const reply = chat.ask(prompt, {
    images: decoded,
    fit: args.fit,
    maxTokens: args["max-tokens"],
    temperature: args.temperature,
    seed: args.seed,
    schema,
    boxes: args.boxes === undefined ? undefined : true,
    thoughtBudget: args["thought-budget"],
    think: args.think,
    signal: interrupt.signal,
    onProgress: (progress) => {
      const text = describeProgress(progress);
      if (text === null) status.clear();
      else status.show(text);
    }
  });
  try {
    if (args.json !== true) await stream(reply, status);
    const answer: Answer = await reply;
    if (args.json === true) printJson({ ...answer, model: medgemma.model });
    else if (args.boxes !== undefined) tellRejected(answer);
    if (args.boxes !== undefined && answer.stopReason !== "aborted") await drawAnswer(decoded, answer, args.boxes);
  } finally {
    status.clear();
  }
  if (interrupt.signal.aborted) throw new Interrupted();
}

/** @throws UsageError before a model is loaded for nothing */
function checkDrawing(output: string | undefined, images: readonly string[]): void {
  if (output === undefined) return;
  if (images.length === 0) throw new UsageError("--boxes draws on the image that is asked about. Name one with --image.");
  if (output === standardStream) throw new UsageError("--boxes needs a file: stdout carries the answer.");
  for (const path of drawingPaths(output, images.length)) refuseToOverwrite(images, path, "--boxes");
}

/** The answer to stdout; a thought, dimmed, to a person at stderr. */
async function stream(reply: Reply, status: StatusLine): Promise<void> {
  let kind = "";
  let last = "";
  for await (const chunk of reply) {
    status.clear();
    if (kind === "thought" && chunk.kind === "text" && process.stderr.isTTY) process.stderr.write("\n\n");
    if (chunk.kind === "text") {
      printAnswer(chunk.text);
      last = chunk.text;
    } else if (process.stderr.isTTY) {
      process.stderr.write(dim(plainText(chunk.text), process.stderr));
    }
    kind = chunk.kind;
  }
  if (!last.endsWith("\n")) printAnswer("\n");
}

async function readSchema(path: string): Promise<object> {
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (error) {
    throw new MedGemmaError("FILE_UNUSABLE", `The schema ${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
  let schema: unknown;
  try {
    schema = JSON.parse(content);
  } catch (error) {
    throw new MedGemmaError("SCHEMA_INVALID", `${path} is not JSON: ${(error as Error).message}.`, { cause: error });
  }
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    throw new MedGemmaError("SCHEMA_INVALID", `${path} holds no JSON schema: expected an object such as {"type": "object", …}.`);
  }
  return schema;
}
