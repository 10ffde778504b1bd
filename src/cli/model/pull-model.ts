/** Pulls a model for a person or a script: terms first, then with progress on the status line. */
import { MedGemmaError } from "../../errors.js";
import { acceptedTerms, describeTerms } from "../../models/terms.js";
import type { PullOptions } from "../../models/pull.js";
import type { InstalledModel } from "../../models/installed.js";
import { askPerson, hasPerson } from "../terminal/ask-person.js";
import { wrapToWidth } from "../terminal/display-width.js";
import { listenForInterrupt } from "../terminal/interrupt.js";
import { Interrupted, printNote, writeNote } from "../terminal/output.js";
import { StatusLine } from "../terminal/status-line.js";
import { canMoveCursor, columnsOf } from "../terminal/terminal.js";
import { showTransfers } from "../terminal/transfer-status.js";

/** @throws Interrupted; as `pullModel` */
export async function pullWithProgress(
  name: string,
  options: Pick<PullOptions, "home" | "mmproj" | "acceptTerms"> = {}
): Promise<InstalledModel> {
  const acceptTerms = options.acceptTerms === true || (await askForTerms());
  const { pullModel } = await import("../../models/pull.js"); // its HTTP client takes a tenth of a second to import
  const status = new StatusLine(process.stderr);
  using interrupt = listenForInterrupt();
  try {
    return await pullModel(name, {
      ...options,
      acceptTerms,
      signal: interrupt.signal,
      onProgress: showTransfers(status),
      onWait: (reason) => {
        if (canMoveCursor(process.stderr)) status.show(reason);
        else writeNote(reason, process.stderr);
      },
      onRetry: (reason) => status.show(reason),
      onWarning: (warning) => {
        status.clear();
        writeNote(`Warning: ${warning}`, process.stderr);
      }
    });
  } catch (error) {
    status.clear();
    if (!interrupt.signal.aborted) throw error;
    printNote("Stopped. The part downloaded so far is kept; run the same command to resume.");
    throw new Interrupted();
  } finally {
    status.clear();
  }
}

/** @returns whether they were accepted just now; where nobody can be asked, the pull itself says what to do. */
async function askForTerms(): Promise<boolean> {
  if (!hasPerson() || (await acceptedTerms()) !== null) return false;
  process.stderr.write(`${wrapToWidth(await describeTerms(), columnsOf(process.stderr)).join("\n")}\n`);
  const answer = await askPerson("Do you accept these terms? [y/N] ");
  if (answer !== "y" && answer !== "yes") throw new MedGemmaError("TERMS_NOT_ACCEPTED", "Nothing was downloaded.");
  return true;
}
