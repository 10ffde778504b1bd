/**
 * Checks what a text model's header says before llama.cpp acts on it: llama.cpp trusts sizes and vocabularies, and a
 * damaged one ends the whole process. Whether the tensors have the shapes that follow, llama.cpp checks itself.
 */
import { MedGemmaError } from "../errors.js";
import type { ModelFile } from "./model-file.js";

type Values = Readonly<Record<string, unknown>>;

/** Keys of `gemma3.*` that are whole numbers, with bounds far above any published model; a "?" may be missing. */
const counts: Readonly<Record<string, number>> = {
  context_length: 2 ** 24,
  embedding_length: 2 ** 16,
  block_count: 512,
  feed_forward_length: 2 ** 20,
  "attention.head_count": 1024,
  "attention.head_count_kv?": 1024,
  "attention.key_length?": 4096,
  "attention.value_length?": 4096,
  "attention.sliding_window?": 2 ** 24
};

/** Keys of `gemma3.*` that are positive numbers. */
const positives: Readonly<Record<string, number>> = {
  "attention.layer_norm_rms_epsilon": 0.1,
  "rope.freq_base?": 1e12,
  "rope.freq_base_swa?": 1e12,
  "rope.scaling.factor?": 1e6
};

const ropeScalings = new Set<unknown>(["none", "linear", "yarn", "longrope"]);

/** @throws MedGemmaError MODEL_CORRUPT that names the key */
export function checkTextModel({ path, info }: ModelFile): void {
  const fail = (what: string): never => {
    throw new MedGemmaError("MODEL_CORRUPT", `${path} is damaged: ${what}. Download or copy it again.`);
  };
  const { gemma3, tokenizer } = info.metadata as Readonly<Record<string, Values | undefined>>;
  for (const [table, isFine] of [
    [counts, Number.isSafeInteger],
    [positives, Number.isFinite]
  ] as const) {
    for (const [name, most] of Object.entries(table)) {
      const key = name.replace("?", "");
      const value = Number(valueAt(gemma3, key));
      if (valueAt(gemma3, key) === undefined && name.endsWith("?")) continue;
      if (!(isFine(value) && value > 0 && value <= most)) fail(`gemma3.${key} is ${String(valueAt(gemma3, key))}`);
    }
  }
  const scaling = valueAt(gemma3, "rope.scaling.type");
  if (scaling !== undefined && !ropeScalings.has(scaling)) fail("llama.cpp does not know its gemma3.rope.scaling.type");
  const heads = Number(valueAt(gemma3, "attention.head_count"));
  if (heads % Number(valueAt(gemma3, "attention.head_count_kv") ?? heads) !== 0)
    fail("the attention heads do not divide among the key-value heads");
  checkVocabulary((tokenizer?.ggml ?? {}) as Values, fail);
}

function checkVocabulary(ggml: Values, fail: (what: string) => never): void {
  const { tokens, scores, token_type: types } = ggml;
  if (!Array.isArray(tokens) || tokens.length === 0) return fail("tokenizer.ggml.tokens is missing");
  // llama.cpp reads an entry up to its first zero byte.
  if (new Set(tokens).size !== tokens.length || tokens.some((token) => String(token).includes("\0"))) {
    fail("tokenizer.ggml.tokens has a duplicate entry, or one with a zero byte");
  }
  // Without them, text would be merged in another order.
  if (scores === undefined) fail("tokenizer.ggml.scores is missing");
  for (const [name, list] of Object.entries({ scores, token_type: types })) {
    if (list !== undefined && (!Array.isArray(list) || list.length !== tokens.length)) {
      fail(`tokenizer.ggml.${name} differs in length from tokenizer.ggml.tokens`);
    }
  }
  for (const [name, id] of Object.entries(ggml)) {
    if (name.endsWith("_token_id") && !(Number.isInteger(id) && Number(id) >= 0 && Number(id) < tokens.length)) {
      fail(`tokenizer.ggml.${name} is ${String(id)}, of ${tokens.length} tokens`);
    }
  }
}

function valueAt(values: Values | undefined, key: string): unknown {
  return key.split(".").reduce<unknown>((inner, part) => (inner as Values | undefined)?.[part], values);
}
