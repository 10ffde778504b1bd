/** Keeps a command from writing over the picture that it reads. */
import { realpathSync } from "node:fs";
import { UsageError } from "./output.js";

/** An output that names an input would destroy the original picture. @throws UsageError */
export function refuseToOverwrite(inputs: readonly string[], output: string, option = "--output"): void {
  const target = resolved(output);
  if (target === null) return;
  const hit = inputs.find((input) => resolved(input) === target);
  if (hit !== undefined) throw new UsageError(`${option} ${output} is the input image itself. Choose another name.`);
}

function resolved(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
