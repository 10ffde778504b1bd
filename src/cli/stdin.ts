/** What comes in through stdin: the bytes of an image, or text for the prompt. */
import { fstatSync, statSync } from "node:fs";
import { UsageError } from "./output.js";

/**
 * Programs that start us often leave an open socket as stdin and never write to it (Node's child_process does). A socket
 * beside a prompt argument counts only if something comes within this time; shell pipes and files are read to the end.
 */
const socketGraceMs = 1000;

export async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * The prompt: stdin, then the argument, as `llm` joins them.
 *
 * @param options.stdinIsImage stdin is not text but the image of `-i -`
 * @param options.mayBeEmpty there is something to ask without it
 */
export async function readPrompt(
  argument: string | undefined,
  options: { readonly stdinIsImage: boolean; readonly mayBeEmpty: boolean }
): Promise<string> {
  const piped = options.stdinIsImage || process.stdin.isTTY ? "" : await readPipedText(argument !== undefined || options.mayBeEmpty);
  const prompt = [piped.trim(), argument ?? ""].filter((part) => part !== "").join("\n\n");
  if (prompt === "" && !options.mayBeEmpty) throw new UsageError('ask needs a question: medgemma-local ask "Describe the image." -i scan.png');
  return prompt;
}

async function readPipedText(hasArgument: boolean): Promise<string> {
  if (hasArgument && !(await hasInput())) return "";
  return (await readStdin()).toString("utf8");
}

async function hasInput(): Promise<boolean> {
  if (!stdinIsSocket()) return true;
  const ready = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), socketGraceMs);
    const settle = () => {
      clearTimeout(timer);
      resolve(true);
    };
    process.stdin.once("readable", settle).once("end", settle).once("error", settle);
  });
  if (!ready) process.stdin.destroy(); // it would keep the process alive
  return ready;
}

function stdinIsSocket(): boolean {
  try {
    return fstatSync(0).isSocket();
  } catch {
    return false; // closed (`<&-`): reading it gives the end at once
  } finally {
    // Node 20's realpathSync takes the last result of any stat for that of a path it knows already, and follows no link behind
    // a pipe or socket: with pnpm, which links packages, later imports would find wrong versions. So the last result is a file's.
    statSync(process.execPath);
  }
}
