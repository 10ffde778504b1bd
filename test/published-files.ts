/**
 * The demo model in the layouts that other people publish: the same weights under other keys, names and files, so that answers can
 * be compared. Written apart from src/gguf, which only reads the originals here.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { readGgufHeader, type GgufHeader, type GgufValue } from "../src/gguf/header.js";
import { demoProjector, demoText } from "./demo-model.js";

type Scalar = string | number | boolean;
/** A value, or the bytes of one as a file has them. */
type Value = readonly [type: number, value: Scalar | readonly Scalar[]] | GgufValue;

export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: number;
  readonly bytes: Buffer;
}

export interface Content {
  readonly values: ReadonlyMap<string, Value>;
  readonly tensors: readonly Tensor[];
}

const u32 = (value: number): Value => [4, value];
const text = (value: string): Value => [8, value];

export const demoTextContent = await read(demoText);
export const demoProjectorContent = await read(demoProjector);

async function read(path: string): Promise<Content> {
  const header: GgufHeader = await readGgufHeader(path);
  const file = readFileSync(path);
  return {
    values: header.values,
    tensors: header.tensors.map(({ name, shape, type, offset }) => {
      const start = header.dataOffset + offset; // the demo is all F32
      return {
        name,
        shape,
        type,
        bytes: file.subarray(start, start + 4 * shape.reduce((product, size) => product * size, 1))
      };
    })
  };
}

/** The same with other keys; undefined leaves one out. */
export function withValues(
  { values, tensors }: Content,
  changes: Readonly<Record<string, Value | undefined>>
): Content {
  const changed = new Map(values);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) changed.delete(key);
    else changed.set(key, value);
  }
  return { values: changed, tensors };
}

/** Header facts of a Hugging Face conversion: names as llama.cpp's converter makes them. */
export function named(content: Content, name: string, baseModel?: string): Content {
  const base =
    baseModel === undefined
      ? {}
      : {
          "general.base_model.count": u32(1),
          "general.base_model.0.repo_url": text(`https://huggingface.co/${baseModel}`)
        };
  return withValues(content, { "general.name": text(name), ...base });
}

/** One file with nothing but an architecture and a type; "": without. */
export function stub(architecture: string, type = "", more: Readonly<Record<string, Value>> = {}): Content {
  const values = new Map<string, Value>();
  if (architecture !== "") values.set("general.architecture", text(architecture));
  if (type !== "") values.set("general.type", text(type));
  for (const [key, value] of Object.entries(more)) values.set(key, value);
  return { values, tensors: [{ name: "a", shape: [32], type: 0, bytes: Buffer.alloc(128) }] };
}

export function projectorOfAnotherKind(): Content {
  return stub("clip", "mmproj", { "clip.projector_type": text("mlp") });
}

const towerNames: readonly (readonly [string, string])[] = [
  ["v.patch_embd", "v.patch_embedding"],
  ["v.position_embd", "v.position_embedding"],
  ["v.post_ln", "v.post_layernorm"],
  [".ln1", ".layer_norm1"],
  [".ln2", ".layer_norm2"],
  [".attn_out", ".attn_output"],
  [".ffn_up", ".mlp.fc1"],
  [".ffn_down", ".mlp.fc2"],
  ["mm.input_projection", "mm.mm_input_projection"],
  ["mm.soft_emb_norm", "mm.mm_soft_emb_norm"]
];

/**
 * The pair as Ollama's converter writes it (ollama, convert/convert_gemma3.go): one file, sorted keys and tensors, one token more
 * than the embedding has rows, ordinary types for most special tokens.
 */
export function ollamaFile({ hasTower = true }: { readonly hasTower?: boolean } = {}): Content {
  const { values } = demoTextContent;
  const kept = [...values].filter(
    ([key]) => !/^general\.(?:type|name|description|license)$|rms_epsilon$|^gemma3\.rope\.|add_space_prefix$/.test(key)
  );
  const tokens = strings(values.get("tokenizer.ggml.tokens"));
  const types = tokens.map((token) =>
    token === "<unk>"
      ? 2
      : token.startsWith("<0x")
        ? 6
        : ["<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"].includes(token)
          ? 3
          : 1
  );
  const vision = (name: string, type: number): [string, Value] => [
    `gemma3.vision.${name}`,
    [type, number(demoProjectorContent.values.get(`clip.vision.${name}`))]
  ];
  const all = new Map<string, Value>([
    ...kept,
    ...(hasTower
      ? [
          ["gemma3.mm.tokens_per_image", u32(16)] as [string, Value],
          ["gemma3.vision.num_channels", u32(3)] as [string, Value],
          ...[
            "attention.head_count",
            "block_count",
            "embedding_length",
            "feed_forward_length",
            "image_size",
            "patch_size"
          ].map((name) => vision(name, 4)),
          vision("attention.layer_norm_epsilon", 6)
        ]
      : []),
    ["tokenizer.ggml.add_padding_token", [7, false]],
    ["tokenizer.ggml.add_unknown_token", [7, false]],
    ["tokenizer.ggml.eos_token_ids", [5, [1, tokens.indexOf("<end_of_turn>")]]],
    ["tokenizer.ggml.merges", [8, ["a b", "b c"]]],
    ["tokenizer.ggml.tokens", [8, [...tokens, "<image_soft_token_2>"]]],
    ["tokenizer.ggml.token_type", [5, [...types, 4]]]
  ]);
  const scores = values.get("tokenizer.ggml.scores") as GgufValue;
  const longer = Buffer.concat([
    scores.bytes.subarray(0, 4),
    count(tokens.length + 1),
    scores.bytes.subarray(12),
    Buffer.alloc(4)
  ]);
  all.set("tokenizer.ggml.scores", { type: 9, bytes: longer });
  const tower = demoProjectorContent.tensors.map((tensor) => ({
    ...tensor,
    name: towerNames.reduce((name, [from, to]) => name.replace(from, to), tensor.name)
  }));
  const byName =
    <Entry>(nameOf: (entry: Entry) => string) =>
    (a: Entry, b: Entry) =>
      nameOf(a) < nameOf(b) ? -1 : 1;
  return {
    values: new Map([...all].sort(byName(([key]) => key))),
    tensors: [...demoTextContent.tensors, ...(hasTower ? tower : [])].sort(byName(({ name }) => name))
  };
}

/** As gguf-split writes it. @param empty The first part holds no tensors (--no-tensor-first-split). */
export function splitInTwo(
  content: Content,
  { empty = false }: { readonly empty?: boolean } = {}
): readonly [Content, Content] {
  const { values, tensors } = content;
  const half = empty ? 0 : Math.floor(tensors.length / 2);
  const part = (index: number): [string, Value][] => [
    ["split.no", [2, index]],
    ["split.count", [2, 2]],
    ["split.tensors.count", [5, tensors.length]]
  ];
  return [
    { values: new Map([...values, ...part(0)]), tensors: tensors.slice(0, half) },
    { values: new Map(part(1)), tensors: tensors.slice(half) }
  ];
}

export function write(path: string, { values, tensors }: Content): string {
  const padding = (length: number) => Buffer.alloc((32 - (length % 32)) % 32);
  const head: Buffer[] = [Buffer.from("GGUF"), int(3), count(tensors.length), count(values.size)];
  for (const [key, value] of values)
    head.push(string(key), ...("bytes" in value ? [int(value.type), value.bytes] : encode(value)));
  let offset = 0;
  for (const { name, shape, type, bytes } of tensors) {
    head.push(string(name), int(shape.length), ...shape.map(count), int(type), count(offset));
    offset += bytes.length + padding(bytes.length).length;
  }
  const header = Buffer.concat(head);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    Buffer.concat([header, padding(header.length), ...tensors.flatMap(({ bytes }) => [bytes, padding(bytes.length)])])
  );
  return path;
}

function encode([type, value]: readonly [number, Scalar | readonly Scalar[]]): Buffer[] {
  if (!Array.isArray(value)) return [int(type), scalar(type, value as Scalar)];
  return [int(9), int(type), count(value.length), ...(value as readonly Scalar[]).map((item) => scalar(type, item))];
}

function scalar(type: number, value: Scalar): Buffer {
  const bytes = Buffer.alloc(type === 7 ? 1 : type === 2 ? 2 : 4);
  if (type === 8) return string(String(value));
  if (type === 7) bytes.writeUInt8(value === true ? 1 : 0);
  else if (type === 2) bytes.writeUInt16LE(Number(value));
  else if (type === 4) bytes.writeUInt32LE(Number(value));
  else if (type === 5) bytes.writeInt32LE(Number(value));
  else bytes.writeFloatLE(Number(value));
  return bytes;
}

function strings(value: Value | undefined): string[] {
  const { bytes } = value as GgufValue;
  const found: string[] = [];
  for (let position = 12; position < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(position));
    found.push(bytes.toString("utf8", position + 8, position + 8 + length));
    position += 8 + length;
  }
  return found;
}

function number(value: Value | undefined): number {
  const { type, bytes } = value as GgufValue;
  return type === 6 ? bytes.readFloatLE() : bytes.readUInt32LE();
}

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function count(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([count(bytes.length), bytes]);
}
