/** A failure in the words of a chat: what a command line calls `--slide` is `/slide` here. */
import { MedGemmaError } from "../../errors.js";
import { withFlags } from "../options/remedies.js";

export function inChatWords(error: unknown): unknown {
  if (!(error instanceof MedGemmaError)) return error;
  const message = withFlags(error.message, error.remedy).replace(/--(image|series|slide)(?![\w-])/g, "/$1");
  return new MedGemmaError(error.code, message, { cause: error });
}
