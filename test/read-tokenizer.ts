import { readTextModelFile } from "../src/language/model-file.js";
import { Tokenizer } from "../src/language/tokens/tokenizer.js";
import { Vocabulary } from "../src/language/tokens/vocabulary.js";

/** The tokenizer of a text model's file. */
export async function readTokenizer(path: string): Promise<Tokenizer> {
  return new Tokenizer(new Vocabulary(await readTextModelFile(path)));
}
