import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inspectFile } from "../../../src/loading/inspect.js";
import { loadMedGemma, type LoadOptions, type MedGemmaErrorCode } from "../../../src/index.js";
import { demoProjector, demoText } from "../../demo-model.js";
import {
  adapterKeys,
  randomPairs,
  writePairs,
  writeZeros,
  type AdapterKeys,
  type RandomPair
} from "../../lora-gguf.js";
import { writeTinyText } from "../../tiny-gguf.js";

const folder = mkdtempSync(join(tmpdir(), "medgemma-lora-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const load = async (lora: LoadOptions["lora"]) =>
  await loadMedGemma({ model: demoText, mmproj: demoProjector }, { gpu: "off", lora });

let pairs: RandomPair[];
let good: string;
beforeAll(async () => {
  pairs = await randomPairs(demoText, 4, 1);
  good = writePairs(at("good.gguf"), adapterKeys(8), pairs);
});

const keys = adapterKeys(8);
const withKey = (
  name: string,
  ...value: [type: "text" | "f32" | "u32", value: string | number | readonly number[]]
): AdapterKeys => [...keys.filter(([known]) => known !== name), [name, ...value]];
/** In the demo model: 192 → 256. */
const query = "blk.0.attn_q.weight";
const pairOf = (name: string, inputs: number, outputs: number) =>
  [
    [`${name}.lora_a`, [inputs, 4]],
    [`${name}.lora_b`, [4, outputs]]
  ] as const;
const whole = pairOf(query, 192, 256);
/** The last file that was made for a case. */
const made = (tensors: Parameters<typeof writeZeros>[2], itsKeys: AdapterKeys = keys) =>
  writeZeros(at("case.gguf"), itsKeys, tensors);

/** The good file with bytes behind a text replaced. */
function patched(text: string, offset: number, bytes: Uint8Array): string {
  const file = readFileSync(good);
  file.set(bytes, file.indexOf(text) + text.length + offset);
  writeFileSync(at("patched.gguf"), file);
  return at("patched.gguf");
}

describe("an adapter is refused before anything is loaded", () => {
  const cases: [string, () => string, MedGemmaErrorCode, string[]][] = [
    ["a missing file", () => at("nowhere.gguf"), "MODEL_NOT_FOUND", ["nowhere.gguf"]],
    ["a text model", () => demoText, "MODEL_MISMATCH", ["is a gemma3 model, not a LoRA adapter", "as model"]],
    ["a projector", () => demoProjector, "MODEL_MISMATCH", ["is a projector (mmproj)", "as mmproj"]],
    [
      "a cut file",
      () => (writeFileSync(at("cut.gguf"), readFileSync(good).subarray(0, 50_000)), at("cut.gguf")),
      "MODEL_CORRUPT",
      ["truncated"]
    ],
    [
      "another kind of adapter",
      () => made(whole, withKey("adapter.type", "text", "ia3")),
      "MODEL_MISMATCH",
      ["type ia3; expected lora"]
    ],
    [
      "another architecture",
      () => made(whole, withKey("general.architecture", "text", "llama")),
      "MODEL_MISMATCH",
      ["for a llama model; expected gemma3"]
    ],
    [
      "an activated LoRA",
      () => made(whole, withKey("adapter.alora.invocation_tokens", "u32", [1, 2])),
      "MODEL_MISMATCH",
      ["activated LoRA", "always active"]
    ],
    // Asserts in llama.cpp, which would end the process.
    [
      "alpha as a whole number",
      () => made(whole, withKey("adapter.lora.alpha", "u32", 8)),
      "MODEL_CORRUPT",
      ["adapter.lora.alpha"]
    ],
    [
      "alpha NaN",
      () => made(whole, withKey("adapter.lora.alpha", "f32", Number.NaN)),
      "MODEL_CORRUPT",
      ["adapter.lora.alpha"]
    ],
    ["alpha 0", () => made(whole, withKey("adapter.lora.alpha", "f32", 0)), "MODEL_CORRUPT", ["adapter.lora.alpha"]],
    [
      "alpha hidden behind a text that looks like one",
      () =>
        made(whole, [
          ["general.name", "text", "\x12\0\0\0\0\0\0\0adapter.lora.alpha\x06\0\0\0\0\0\0A"],
          ...withKey("adapter.lora.alpha", "u32", 8)
        ]),
      "MODEL_CORRUPT",
      ["adapter.lora.alpha"]
    ],
    [
      "nothing, which the converter leaves of an adapter for the image tower",
      () => made([]),
      "MODEL_CORRUPT",
      ["holds no weights"]
    ],
    ["half a pair", () => made(whole.slice(0, 1)), "MODEL_CORRUPT", [query, "only one of lora_a and lora_b"]],
    [
      "two ranks in one pair",
      () =>
        made([
          [`${query}.lora_a`, [192, 4]],
          [`${query}.lora_b`, [8, 256]]
        ]),
      "MODEL_CORRUPT",
      ["rank 4 in lora_a, but 8 in lora_b"]
    ],
    [
      "three dimensions",
      () =>
        made([
          [`${query}.lora_a`, [192, 4, 2]],
          [`${query}.lora_b`, [4, 256, 2]]
        ]),
      "MODEL_CORRUPT",
      ["3 dimensions, not 2"]
    ],
    // I32 has the size of F32.
    [
      "whole numbers for weights",
      () => patched(`${query}.lora_a`, 4 + 2 * 8, Uint8Array.of(26)),
      "MODEL_MISMATCH",
      ["type I32", "F32, F16, BF16, Q8_0"]
    ],
    [
      "a norm, which llama.cpp would pass over",
      () => made([...whole, ["blk.0.attn_norm.weight", [192]]]),
      "MODEL_MISMATCH",
      ["attn_norm", "merge_and_unload"]
    ],
    [
      "a pair for a norm",
      () => made(pairOf("blk.0.attn_norm.weight", 192, 1)),
      "MODEL_MISMATCH",
      ["192 × 1", "has 192 there"]
    ],
    [
      "token embeddings",
      () =>
        made([
          ["token_embd.weight.lora_a", [4, 1280]],
          ["token_embd.weight.lora_b", [4, 192]]
        ]),
      "MODEL_MISMATCH",
      ["token embeddings", "without embed_tokens"]
    ],
    [
      "the image tower in GGUF's names",
      () => made([...whole, ...pairOf("v.blk.0.attn_q.weight", 64, 64)]),
      "MODEL_MISMATCH",
      ["image tower", "merge_and_unload", "as mmproj"]
    ],
    [
      "the projector in GGUF's names",
      () => made(pairOf("mm.input_projection.weight", 64, 64)),
      "MODEL_MISMATCH",
      ["image tower", "as mmproj"]
    ],
    [
      "the image tower in transformers' names",
      () => made(pairOf("model.vision_tower.layers.0.q.weight", 64, 64)),
      "MODEL_MISMATCH",
      ["image tower"]
    ],
    [
      "the projector in transformers' names",
      () => made(pairOf("multi_modal_projector.weight", 64, 64)),
      "MODEL_MISMATCH",
      ["image tower"]
    ],
    [
      "the output layer",
      () => made(pairOf("output.weight", 192, 1280)),
      "MODEL_MISMATCH",
      ["lm_head", "is the token embeddings", demoText]
    ],
    [
      "another width",
      () => made(pairOf(query, 2560, 2048)),
      "MODEL_MISMATCH",
      ["2560 × 2048", "has 192 × 256 there", demoText]
    ],
    [
      "more layers",
      () => made(pairOf("blk.7.attn_q.weight", 192, 256)),
      "MODEL_MISMATCH",
      ["blk.7.attn_q.weight", "has 7 layers and no such tensor"]
    ]
  ];
  it.each(cases)("%s", async (_what, path, code, words) => {
    const failure = await load([{ path: path() }]).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: "MedGemmaError", code });
    const { message } = failure as Error;
    for (const part of words) expect(message).toContain(part);
    expect(message).not.toContain("\n");
  });
});

describe("what llama.cpp refuses itself", () => {
  it("names the adapter and the reason, and the model can be loaded again", async () => {
    // The weights begin elsewhere than llama.cpp expects, but inside the file.
    const odd = patched(`${query}.lora_a`, 4 + 2 * 8 + 4, Uint8Array.of(64));
    const failure = await load([{ path: good }, { path: odd }]).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "MODEL_CORRUPT" });
    expect((failure as Error).message).toMatch(
      /^The adapter .*patched\.gguf cannot be loaded: .*offset.*\. Convert it again/
    );
    await using model = await load([{ path: good }]);
    expect(model.model.lora).toHaveLength(1);
  });
});

describe("the option", () => {
  it.each([
    ["a text", "a.gguf"],
    ["no path", [{ scale: 1 }]],
    ["null", [null]],
    ["an empty path", [{ path: "" }]],
    ["a scale over 10", [{ path: "a.gguf", scale: 10.5 }]],
    ["a scale under -10", [{ path: "a.gguf", scale: -11 }]],
    ["no number", [{ path: "a.gguf", scale: Number.NaN }]],
    ["a text for a scale", [{ path: "a.gguf", scale: "1" }]],
    ["a file twice", [{ path: "a.gguf" }, { path: "./a.gguf", scale: 2 }]]
  ])("refuses %s", async (_what, lora) => {
    await expect(load(lora as LoadOptions["lora"])).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("lora") as string
    });
  });

  it("is named when an adapter is given as the model or as the projector", async () => {
    await expect(loadMedGemma(good)).rejects.toMatchObject({
      code: "MODEL_MISMATCH",
      message: expect.stringMatching(/adapter.*as lora/) as string
    });
    await expect(loadMedGemma({ model: demoText, mmproj: good })).rejects.toMatchObject({
      code: "MODEL_MISMATCH",
      message: expect.stringMatching(/adapter.*lora/) as string
    });
  });
});

describe("inspect", () => {
  it("tells what an adapter changes, and in which model", async () => {
    const [tiny, adapter] = [at("tiny.gguf"), at("tiny-adapter.gguf")];
    await writeTinyText(tiny);
    const some = (await randomPairs(tiny, 2, 1)).filter(({ name }) => /^blk\.(3|61)\.(attn_output|ffn_up)/.test(name));
    writePairs(adapter, [...adapterKeys(16), ["general.name", "text", "reports"]], some, "BF16");
    expect(await inspectFile(adapter)).toEqual({
      kind: "lora",
      path: adapter,
      byteLength: readFileSync(adapter).length,
      name: "reports",
      ranks: [2],
      alpha: 16,
      tensorCount: 8,
      weightType: "BF16",
      changedLayers: [3, 61],
      changedWeights: ["attn_output", "ffn_up"],
      hiddenSize: 42,
      fits: "text models of hidden size 42"
    });
  });

  it("knows MedGemma's width, several ranks, and a file without alpha", async () => {
    const path = made(
      [
        ...pairOf("blk.0.ffn_down.weight", 10_240, 2560),
        [`blk.1.attn_q.weight.lora_a`, [2560, 2]],
        [`blk.1.attn_q.weight.lora_b`, [2, 2048]]
      ],
      keys.slice(0, 3)
    );
    expect(await inspectFile(path)).toMatchObject({
      ranks: [2, 4],
      alpha: null,
      name: null,
      fits: "text models of hidden size 2560 (MedGemma 4B)"
    });
  });

  it("refuses what no model can use", async () => {
    await expect(inspectFile(made(pairOf("v.blk.0.attn_q.weight", 64, 64)))).rejects.toMatchObject({
      code: "MODEL_MISMATCH"
    });
  });
});
