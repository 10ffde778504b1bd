/** A checked file of a model in one line. */
import type { VerifiedFile } from "../models/verify.js";
import { plainName } from "./plain-text.js";

export function describeFile({ id: rawId, path: rawPath, state, problem }: VerifiedFile): string {
  const [id, path] = [plainName(rawId), plainName(rawPath)];
  switch (state) {
    case "whole":
      return `ok       ${path}\n`;
    case "unrecorded":
      return `no hash  ${path}: put there by hand, only its header could be checked\n`;
    case "damaged":
      return `DAMAGED  ${path}: ${plainName(problem ?? "")}. Get it again: medgemma-local pull ${id}\n`;
  }
}
