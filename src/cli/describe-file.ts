/** A checked file of a model in one line. */
import type { VerifiedFile } from "../models/verify.js";

export function describeFile({ id, path, state, problem }: VerifiedFile): string {
  switch (state) {
    case "whole":
      return `ok       ${path}\n`;
    case "unrecorded":
      return `no hash  ${path}: put there by hand, only its header could be checked\n`;
    case "damaged":
      return `DAMAGED  ${path}: ${problem ?? ""}. Get it again: medgemma-local pull ${id}\n`;
  }
}
