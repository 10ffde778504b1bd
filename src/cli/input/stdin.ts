/** What comes in through stdin: the bytes of an image, or text for the prompt. */
import { fstatSync, statSync, type Stats } from "node:fs";
import { formatOfBytes, isPicture } from "../../formats/formats.js";
import { decodeText } from "../../shared/regular-file.js";
import { standardStream } from "../options/options.js";
import { UsageError, writeNote } from "../terminal/output.js";

/**
 * Programs that start us often leave an open socket as stdin and never write to it (Node's child_process does). A socket
 * beside a question counts only if something comes within this time; shell pipes and files are read to the end.
 */
const socketGraceMs = 1000;

export async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export interface PromptOptions {
  /** stdin is not text but the image of `-i -`. */
  readonly stdinIsImage: boolean;
  /** The question is about images, a series or a slide. */
  readonly hasPictures: boolean;
  /** A preset asks a question of its own. */
  readonly hasOwnQuestion: boolean;
}

/**
 * The prompt: stdin, then the question, as `llm` joins them.
 *
 * stdin is read where `-` asks for it, and where it is clearly meant: without a question, or without pictures to ask it about. With
 * both it stays with whom it belongs to: in `while read -r film; do medgemma-local ask "…" -i "$film"; done < films` that is the loop.
 *
 * @param words The arguments: a question, and `standardStream` for stdin.
 * @throws UsageError
 */
export async function readPrompt(
  words: readonly string[],
  { stdinIsImage, hasPictures, hasOwnQuestion }: PromptOptions
): Promise<string> {
  const [question, ...more] = words.filter((word) => word !== standardStream);
  if (more.length > 0)
    throw new UsageError(
      `ask takes one question. Put it in quotes, and write -i in front of each image: medgemma-local ask "Describe the image." -i scan.png`
    );
  if (question?.trim() === "") throw new UsageError("The question is empty.");
  const isAskedFor = words.includes(standardStream);
  if (isAskedFor && stdinIsImage) throw new UsageError("- can be given once only: stdin is a text or an image.");
  const hasQuestion = question !== undefined || hasOwnQuestion;
  const isMeant = !stdinIsImage && !process.stdin.isTTY && !(hasQuestion && hasPictures);
  const isRead = isAskedFor || isMeant;
  if (!isRead && !stdinIsImage) tellUnread();
  const piped = isRead ? await readPipedText({ mayWait: isAskedFor || !hasQuestion }) : "";
  const prompt = [piped.trim(), question ?? ""].filter((part) => part !== "").join("\n\n");
  if (prompt === "" && !hasOwnQuestion)
    throw new UsageError('ask needs a question: medgemma-local ask "Describe the image." -i scan.png');
  return prompt;
}

async function readPipedText({ mayWait }: { readonly mayWait: boolean }): Promise<string> {
  if (!mayWait && !(await hasInput())) return "";
  const bytes = await readStdin();
  const format = formatOfBytes(bytes);
  if (isPicture(format))
    throw new UsageError(`stdin holds ${format?.described ?? "an image"}, not a question. To ask about it, add -i -`);
  const text = decodeText(bytes);
  if (text === null)
    throw new UsageError(
      `stdin holds ${format?.described ?? "bytes that are not text in UTF-8 or UTF-16"}, not a question.${format?.advice === undefined ? "" : ` ${format.advice}`}`
    );
  return text;
}

/** Loud, on a terminal or not: a report that somebody piped in is not in the question. */
function tellUnread(): void {
  const facts = statOfStdin();
  if (facts === null || !(facts.isFIFO() || (facts.isFile() && facts.size > 0))) return;
  writeNote(
    "Note: stdin was not read, because the command has a question and an image. Add - to put the text on stdin in front of the question.",
    process.stderr
  );
}

async function hasInput(): Promise<boolean> {
  if (statOfStdin()?.isSocket() !== true) return true;
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

/** @returns null when it is closed (`<&-`): reading it gives the end at once */
function statOfStdin(): Stats | null {
  try {
    return fstatSync(0);
  } catch {
    return null;
  } finally {
    // Node 20's realpathSync takes the last result of any stat for that of a path it knows already, and follows no link behind
    // a pipe or socket: with pnpm, which links packages, later imports would find wrong versions. So the last result is a file's.
    statSync(process.execPath);
  }
}
