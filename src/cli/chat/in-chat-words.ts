/** The library's advice in the words of a chat: what a command line calls `--slide` is `/slide` here. */
import { MedGemmaError } from "../../errors.js";

/** The same failure, in these words. */
export function inChatWords(error: unknown): unknown {
  if (!(error instanceof MedGemmaError)) return error;
  const message = error.message.replace(/ \(\/series in a chat[^)]*\)/g, "").replace(/--(image|prior|series|slide)(?![\w-])/g, "/$1");
  return message === error.message ? error : new MedGemmaError(error.code, message, { cause: error });
}
