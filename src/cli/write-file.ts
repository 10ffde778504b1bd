/** Writes a result file in one step, so that an interrupted run leaves no half file behind. */
import { realpathSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { MedGemmaError } from "../errors.js";
import { UsageError } from "./output.js";

/** @throws MedGemmaError FILE_UNUSABLE */
export async function writeFileAtomically(path: string, content: Uint8Array): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await writeFile(partial, content);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw new MedGemmaError("FILE_UNUSABLE", `${path} cannot be written: ${(error as Error).message}.`, { cause: error });
  }
}

/** An output that names an input would destroy the original picture. @throws UsageError */
export function refuseToOverwrite(inputs: readonly string[], output: string): void {
  const target = resolved(output);
  if (target === null) return;
  const hit = inputs.find((input) => resolved(input) === target);
  if (hit !== undefined) throw new UsageError(`--output ${output} is the input image itself. Choose another name.`);
}

function resolved(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
