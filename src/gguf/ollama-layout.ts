/**
 * A Gemma 3 in Ollama's own layout (`ollama pull medgemma`, `ollama create`) → the keys and tensors of the pair of files that
 * llama.cpp and this package read. The weights are the same; keys are added and dropped, tensors renamed.
 *
 * Ollama's converter (convert/convert_gemma3.go) puts the image tower into the text model's file, and leaves out what Ollama's
 * own runtime knows of Gemma 3. What is added here is what llama.cpp's converter writes for the same checkpoint.
 */
import { MedGemmaError } from "../errors.js";
import { gemmaTokenType, tokenTypes } from "./gemma-pieces.js";
import { ggufTypes, numberOf, textOf, textsOf, type GgufHeader, type GgufTensor, type GgufValue } from "./header.js";
import { arrayValue, boolValue, float32Value, textValue, uint32Value, type CopiedTensor } from "./write.js";

export interface GgufContent {
  readonly values: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly CopiedTensor[];
}

export interface OllamaPair {
  readonly text: GgufContent;
  /** null: there is no tower in the file. */
  readonly mmproj: GgufContent | null;
}

/** Google's configuration of Gemma 3 (config.json of google/gemma-3-4b-it and others). */
const gemma3 = {
  rmsEpsilon: 1e-6,
  ropeBase: 1e6,
  localRopeBase: 1e4,
  ropeFactor: 8,
  window: 1024,
  longContext: 131072,
  towerEpsilon: 1e-6
};

/** Ollama's names of the tower's tensors → llama.cpp's. */
const towerNames: readonly (readonly [string, string])[] = [
  ["v.patch_embedding.", "v.patch_embd."],
  ["v.position_embedding.", "v.position_embd."],
  ["v.post_layernorm.", "v.post_ln."],
  [".layer_norm1.", ".ln1."],
  [".layer_norm2.", ".ln2."],
  [".attn_output.", ".attn_out."],
  [".mlp.fc1.", ".ffn_up."],
  [".mlp.fc2.", ".ffn_down."],
  ["mm.mm_input_projection.", "mm.input_projection."],
  ["mm.mm_soft_emb_norm.", "mm.soft_emb_norm."]
];

/** @throws MedGemmaError MODEL_CORRUPT when something is missing that cannot be known without the file */
export function splitOllamaLayout(header: GgufHeader): OllamaPair {
  const tower = header.tensors.filter(isOfTower);
  const text = header.tensors.filter((tensor) => !isOfTower(tensor));
  return {
    text: { values: textValues(header, tower.length > 0), tensors: text.map((from) => ({ name: from.name, from })) },
    mmproj:
      tower.length === 0
        ? null
        : { values: towerValues(header), tensors: tower.map((from) => ({ name: towerName(from.name), from })) }
  };
}

function isOfTower({ name }: GgufTensor): boolean {
  return name.startsWith("v.") || name.startsWith("mm.");
}

function towerName(name: string): string {
  return towerNames.reduce((renamed, [from, to]) => renamed.replace(from, to), name);
}

function textValues(header: GgufHeader, hasTower: boolean): ReadonlyMap<string, GgufValue> {
  const values = new Map(
    [...header.values].filter(
      ([key]) => !/^gemma3\.(?:vision|mm)\.|^tokenizer\.ggml\.(?:merges|add_padding_token|add_unknown_token)$/.test(key)
    )
  );
  const add = (key: string, value: GgufValue) => {
    if (!values.has(key)) values.set(key, value);
  };
  const rename = (from: string, to: string) => {
    const value = values.get(from);
    if (value !== undefined) add(to, value);
    values.delete(from);
  };
  rename("gemma3.rope.global.freq_base", "gemma3.rope.freq_base");
  rename("gemma3.rope.local.freq_base", "gemma3.rope.freq_base_swa");
  add("gemma3.attention.layer_norm_rms_epsilon", float32Value(gemma3.rmsEpsilon));
  add("gemma3.rope.freq_base", float32Value(gemma3.ropeBase));
  add("gemma3.rope.freq_base_swa", float32Value(gemma3.localRopeBase));
  // The 270M and the 1B, without images and with a context of 32768, are the ones that stretch nothing.
  const isStretched = hasTower || (numberOf(values.get("gemma3.context_length")) ?? 0) >= gemma3.longContext;
  if (isStretched && !values.has("gemma3.rope.scaling.type")) {
    values.set("gemma3.rope.scaling.type", textValue("linear"));
    add("gemma3.rope.scaling.factor", float32Value(gemma3.ropeFactor));
  }
  if (hasTower && (numberOf(values.get("gemma3.attention.sliding_window")) ?? 0) === 0)
    values.set("gemma3.attention.sliding_window", uint32Value(gemma3.window));
  for (const [key, value] of vocabulary(header)) values.set(key, value);
  values.set("tokenizer.ggml.add_space_prefix", boolValue(false));
  return values;
}

/** As many tokens as the embedding has rows, with the types that llama.cpp's converter gives them. */
function vocabulary({ path, values, tensors }: GgufHeader): [string, GgufValue][] {
  const rows = tensors.find(({ name }) => name === "token_embd.weight")?.shape[1];
  const tokens = textsOf(values.get("tokenizer.ggml.tokens"));
  const scores = values.get("tokenizer.ggml.scores");
  if (rows === undefined || tokens === null || scores === undefined) {
    throw new MedGemmaError(
      "MODEL_CORRUPT",
      `${path} is in Ollama's layout, but lacks its embedding, its tokens or their scores. Pull it again with Ollama.`
    );
  }
  // tokens that an embedding has rows for, but no text, are called so by llama.cpp's converter.
  const pieces = Array.from({ length: rows }, (_, id) => tokens[id] ?? `[PAD${id}]`);
  const types = pieces.map((piece, id) => (id < tokens.length ? gemmaTokenType(piece) : tokenTypes.unused));
  const knownScores = scores.bytes.subarray(12, 12 + 4 * rows);
  return [
    [
      "tokenizer.ggml.tokens",
      arrayValue(
        ggufTypes.string,
        pieces.map((piece) => textValue(piece).bytes)
      )
    ],
    [
      "tokenizer.ggml.scores",
      arrayValue(
        ggufTypes.float32,
        Array.from({ length: rows }, (_, id) =>
          4 * id + 4 <= knownScores.length ? knownScores.subarray(4 * id, 4 * id + 4) : float32Value(-1000).bytes
        )
      )
    ],
    [
      "tokenizer.ggml.token_type",
      arrayValue(
        ggufTypes.int32,
        types.map((type) => uint32Value(type).bytes)
      )
    ]
  ];
}

function towerValues({ path, values }: GgufHeader): ReadonlyMap<string, GgufValue> {
  const vision = (key: string): number => {
    const value = numberOf(values.get(`gemma3.vision.${key}`));
    if (value === null)
      throw new MedGemmaError(
        "MODEL_CORRUPT",
        `${path} is in Ollama's layout and holds an image tower, but lacks gemma3.vision.${key}. Pull it again with Ollama.`
      );
    return value;
  };
  const width = numberOf(values.get("gemma3.embedding_length"));
  if (width === null)
    throw new MedGemmaError("MODEL_CORRUPT", `${path} lacks gemma3.embedding_length. Pull it again with Ollama.`);
  const patches = vision("image_size") / vision("patch_size");
  const tokens = numberOf(values.get("gemma3.mm.tokens_per_image")) ?? 256;
  const half = arrayValue(
    ggufTypes.float32,
    [0.5, 0.5, 0.5].map((value) => float32Value(value).bytes)
  );
  const name = textOf(values.get("general.name"));
  const fileType = values.get("general.file_type");
  return new Map<string, GgufValue>([
    ["general.architecture", textValue("clip")],
    ["general.type", textValue("mmproj")],
    ...(name === null ? [] : [["general.name", textValue(name)] as const]),
    ...(fileType === undefined ? [] : [["general.file_type", fileType] as const]),
    ["clip.has_vision_encoder", boolValue(true)],
    ["clip.projector_type", textValue("gemma3")],
    ["clip.use_gelu", boolValue(true)],
    ["clip.vision.image_size", uint32Value(vision("image_size"))],
    ["clip.vision.patch_size", uint32Value(vision("patch_size"))],
    ["clip.vision.embedding_length", uint32Value(vision("embedding_length"))],
    ["clip.vision.feed_forward_length", uint32Value(vision("feed_forward_length"))],
    ["clip.vision.block_count", uint32Value(vision("block_count"))],
    ["clip.vision.attention.head_count", uint32Value(vision("attention.head_count"))],
    [
      "clip.vision.attention.layer_norm_epsilon",
      float32Value(numberOf(values.get("gemma3.vision.attention.layer_norm_epsilon")) ?? gemma3.towerEpsilon)
    ],
    ["clip.vision.projection_dim", uint32Value(width)],
    ["clip.vision.projector.scale_factor", uint32Value(Math.round(patches / Math.sqrt(tokens)))],
    ["clip.vision.image_mean", half],
    ["clip.vision.image_std", half]
  ]);
}
