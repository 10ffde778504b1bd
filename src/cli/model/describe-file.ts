/** A checked file of a model in one line. */
import { storeOf } from "../../models/find-stored.js";
import type { VerifiedFile } from "../../models/verify.js";
import { plainName } from "../terminal/plain-text.js";

export function describeFile({ id: rawId, path: rawPath, state, problem }: VerifiedFile): string {
  const [id, path] = [plainName(rawId), plainName(rawPath)];
  switch (state) {
    case "whole":
      return `ok       ${path}\n`;
    case "unrecorded":
      return `no hash  ${path}: no hash was recorded, so only the header was checked\n`;
    case "damaged":
      return `DAMAGED  ${path}: ${plainName(problem ?? "")}. Get it again${remedy(id)}\n`;
  }
}

/** What the hub has can be pulled, wherever it lies here. */
function remedy(id: string): string {
  const store = id.startsWith("hf:") ? null : storeOf(id);
  return store === null ? `: medgemma-local pull ${id}` : ` with ${store.title}.`;
}
