/** The files of one text model: one, or the parts of a split one, which are one model everywhere. */
import { basename } from "node:path";
import { MedGemmaError } from "../errors.js";
import { parseSplitName, splitNames } from "../gguf/split-name.js";
import { fileSize } from "./stores/find-files.js";

/**
 * @param path Of the model, or of the first part of it.
 * @returns Paths of all parts in order.
 * @throws MedGemmaError INVALID_ARGUMENT for a part behind the first; MODEL_NOT_FOUND for missing parts
 */
export async function textParts(path: string): Promise<readonly string[]> {
  const split = parseSplitName(path);
  const paths = splitNames(path);
  if (split === null) return paths;
  const [first = path] = paths;
  if (split.part !== 1) {
    throw new MedGemmaError("INVALID_ARGUMENT", `${path} is part ${split.part} of ${split.parts} of a split model. Name the first part: ${first}`);
  }
  const sizes = await Promise.all(paths.map(fileSize));
  const missing = paths.filter((_, index) => sizes[index] === null).map((part) => basename(part));
  if (missing.length === 0) return paths;
  if (missing.length === paths.length) throw new MedGemmaError("MODEL_NOT_FOUND", `There is no model file ${path}. Check the path.`);
  throw new MedGemmaError("MODEL_NOT_FOUND", `${first} is the first of ${split.parts} parts, but ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing from its folder. Download or copy all parts into one folder.`);
}
