/**
 * What src/language/host relies on in node-llama-cpp 3.21.1 beyond its documentation, one thing each, on node-llama-cpp's own
 * objects. A canary that dies with a new version names the file that must be looked at.
 */
import { withLock, EventRelay } from "lifecycle-utils";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import {
  LlamaGrammarEvaluationState,
  NoBinaryFoundError,
  TokenBias,
  getLlama,
  getLlamaGpuTypes,
  type LlamaContext,
  type LlamaModel,
  type Token
} from "node-llama-cpp";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { contextShapeOf, paddedCells } from "../../../src/language/host/context-shape.js";
import { readGgufHeader } from "../../../src/language/host/gguf.js";
import { isImageToken } from "../../../src/language/host/image-prefill.js";
import { startLlama, type LlamaRuntime } from "../../../src/language/host/llama.js";
import { failedAdapter, isOutOfMemory } from "../../../src/language/host/load-failure.js";
import { loadAddon } from "../../../src/native/load-addon.js";
import { demoText } from "../../demo-model.js";

const require = createRequire(import.meta.url);
/** .../node-llama-cpp/dist */
const dist = dirname(require.resolve("node-llama-cpp"));
const folder = mkdtempSync(join(tmpdir(), "medgemma-canaries-"));
let runtime: LlamaRuntime;
let model: LlamaModel;
let context: LlamaContext;

beforeAll(async () => {
  runtime = await startLlama("off");
  model = await runtime.llama.loadModel({ modelPath: demoText, gpuLayers: 0, ignoreMemorySafetyChecks: true });
  context = await newContext(512);
});
afterAll(async () => {
  await model.dispose();
  rmSync(folder, { recursive: true });
});

const opened: { dispose(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.dispose();
});

async function newContext(contextSize: number): Promise<LlamaContext> {
  return await model.createContext({
    contextSize,
    batchSize: 512,
    sequences: 1,
    threads: 1,
    ignoreMemorySafetyChecks: true
  });
}

function newSequence(of = context) {
  const sequence = of.getSequence({ checkpoints: { max: 0, interval: false } });
  opened.push(sequence);
  return sequence;
}

const greedy = { temperature: 0, yieldEogToken: true } as const;
const someTokens = () => model.tokenize("The heart is");

describe("image-prefill.ts relies on it that node-llama-cpp", () => {
  interface Request {
    readonly sequenceId: number;
    readonly firstTokenSequenceIndex: number;
    readonly tokens: readonly Token[];
    readonly logits: readonly (boolean | undefined)[];
    readonly tokenMeter: unknown;
    readonly afterBatchAction?: (length: number) => unknown;
  }
  type Mapper = (index: number, position: number) => unknown;
  type Decode = (request: Request, mapper: Mapper) => Promise<[number, unknown][]>;
  interface Internals {
    readonly _ctx: {
      removeTokenCellsFromSequence(id: number, from: number, to: number): boolean;
      getSequenceKvCacheMaxPosition(id: number): number;
    };
    readonly _backendContextDisposeGuard: { createPreventDisposalHandle(): { dispose(): void } };
    readonly _decodeTokens: Decode;
  }
  const inside = () => context as unknown as Internals;
  const idOf = (sequence: object) => (sequence as { readonly _sequenceId: unknown })._sequenceId;

  /** Until the disposal the context decodes so; `original` is its own way. */
  function replaceDecode(decode: (original: Decode, ...request: Parameters<Decode>) => ReturnType<Decode>): Disposable {
    const original = inside()._decodeTokens.bind(context);
    Object.assign(context, { _decodeTokens: (...request: Parameters<Decode>) => decode(original, ...request) });
    return { [Symbol.dispose]: () => void Reflect.deleteProperty(context, "_decodeTokens") };
  }

  it("sends every token through _decodeTokens of the context, found on the instance", async () => {
    const requests: Request[] = [];
    using _replaced = replaceDecode(async (original, request, mapper) => {
      requests.push(request);
      return await original(request, mapper);
    });
    const sequence = newSequence();
    await sequence.evaluateWithoutGeneratingNewTokens(someTokens());
    for await (const _token of sequence.evaluate(model.tokenize(" large"), greedy)) break;
    expect(requests.flatMap(({ tokens }) => tokens)).toEqual([...someTokens(), ...model.tokenize(" large")]);
    expect(requests[0]).toMatchObject({ sequenceId: idOf(sequence), firstTokenSequenceIndex: 0 });
    expect(requests[0]?.tokenMeter).toBe(sequence.tokenMeter);
    expect(requests.at(-1)?.firstTokenSequenceIndex).toBe(someTokens().length);
    expect(requests.at(-1)?.logits.at(-1)).toBe(true);
  });

  it("maps each wanted output by its place in the batch and its position in the sequence", async () => {
    const sequence = newSequence();
    const sequenceId = idOf(sequence) as number;
    const tokens = someTokens();
    const seen: [number, number][] = [];
    const request = {
      sequenceId,
      firstTokenSequenceIndex: 0,
      tokens,
      logits: tokens.map((_, index) => index === tokens.length - 1),
      tokenMeter: sequence.tokenMeter
    };
    const results = await inside()._decodeTokens(request, (index, position) => {
      seen.push([index, position]);
      return "mapped";
    });
    expect(seen.map(([, position]) => position)).toEqual([tokens.length - 1]);
    expect(results).toEqual([[tokens.length - 1, "mapped"]]);
    expect(inside()._ctx.removeTokenCellsFromSequence(sequenceId, 0, -1)).toBe(true);
  });

  it("gives back the cells behind a position", async () => {
    const sequence = newSequence();
    await sequence.evaluateWithoutGeneratingNewTokens(someTokens());
    const id = idOf(sequence) as number;
    expect(inside()._ctx.getSequenceKvCacheMaxPosition(id)).toBe(someTokens().length - 1);
    inside()._ctx.removeTokenCellsFromSequence(id, 1, -1);
    expect(inside()._ctx.getSequenceKvCacheMaxPosition(id)).toBe(0);
  });

  it('has the same lifecycle-utils, and decodes under the lock [context, "context"] alone', async () => {
    expect(context.onDispose).toBeInstanceOf(EventRelay);
    const sequence = newSequence();
    let isDecoded = false;
    let decoding: Promise<unknown> = Promise.resolve();
    await withLock([context, "context"], async () => {
      decoding = sequence.evaluateWithoutGeneratingNewTokens(someTokens()).then(() => (isDecoded = true));
      await setTimeout(100);
      expect(isDecoded).toBe(false);
    });
    await decoding;
    expect(isDecoded).toBe(true);
  });

  it("waits with the disposal of a context for whoever keeps it", async () => {
    const other = await newContext(256);
    const keep = (other as unknown as Internals)._backendContextDisposeGuard.createPreventDisposalHandle();
    let isDisposed = false;
    const disposal = other.dispose().then(() => (isDisposed = true));
    await setTimeout(100);
    expect(isDisposed).toBe(false);
    keep.dispose();
    await disposal;
    expect(isDisposed).toBe(true);
  });

  it("keeps ids beyond the vocabulary and compares them like all others", async () => {
    const virtual = [2 ** 30, 2 ** 30 + 1] as Token[];
    using _replaced = replaceDecode(async (original, request, mapper) =>
      request.tokens.some(isImageToken) ? [] : await original(request, mapper)
    );
    const sequence = newSequence();
    await sequence.evaluateWithoutGeneratingNewTokens(virtual);
    expect(sequence.contextTokens).toEqual(virtual);
    expect(sequence.compareContextTokens([...virtual]).firstDifferentIndex).toBe(2);
    expect(sequence.compareContextTokens([virtual[0], 2 ** 30 + 7] as Token[]).firstDifferentIndex).toBe(1);
  });
});

describe("context-shape.ts relies on it that node-llama-cpp", () => {
  it("rounds the cells of a context up to the next 256", async () => {
    const { contextSizePad } = (await import(pathToFileURL(join(dist, "config.js")).href)) as {
      contextSizePad: number;
    };
    expect(contextSizePad).toBe(paddedCells(1));
    const other = await newContext(300);
    opened.push(other);
    const { _ctx: inner } = other as unknown as { _ctx: { getContextSize(): number } };
    expect(inner.getContextSize()).toBe(
      contextShapeOf({ window: null }, { contextSize: 300, parallel: 1, tokensPerImage: 0 }).cells
    );
  });

  it("asks llama.cpp for one token more a batch where layers are local, and says so nowhere", () => {
    const source = readFileSync(join(dist, "evaluator", "LlamaContext", "LlamaContext.js"), "utf8");
    expect(source.replace(/\s+/g, " ")).toMatch(
      /batchSize: this\._batchSize \+ \(\(!this\._swaFullCache && this\.model\.fileInsights\.swaSize != null .*? \? 1 /
    );
    expect(context.batchSize).toBe(512);
  });
});

describe("prompt-sequence.ts relies on it that node-llama-cpp", () => {
  it("tells the window of local layers, and where the cells of a sequence begin", async () => {
    expect(model.fileInsights.swaSize).toBeGreaterThan(0);
    const sequence = newSequence();
    await sequence.evaluateWithoutGeneratingNewTokens(someTokens());
    expect(sequence.stateCellsStartIndex).toBeLessThanOrEqual(0);
    expect(sequence.nextTokenIndex).toBe(someTokens().length);
  });
});

describe("sampler.ts relies on it that node-llama-cpp", () => {
  it("decodes a sampled token only when the next one is asked for", async () => {
    const sequence = newSequence();
    for await (const _token of sequence.evaluate(someTokens(), greedy)) break;
    expect(sequence.nextTokenIndex).toBe(someTokens().length);
  });

  it("takes a grammar in llama.cpp's own words, and keeps its state over several calls", async () => {
    const grammar = await runtime.llama.createGrammar({ grammar: 'root ::= "abc"' });
    const grammarEvaluationState = new LlamaGrammarEvaluationState({ model, grammar });
    const sequence = newSequence();
    let text = "";
    let next = someTokens();
    while (text.length < 3) {
      for await (const token of sequence.evaluate(next, { ...greedy, grammarEvaluationState })) {
        text += model.detokenize([token]);
        next = [token];
        break;
      }
    }
    expect(text).toBe("abc");
  });

  it("refuses a grammar that llama.cpp cannot read", async () => {
    await expect(
      runtime.llama
        .createGrammar({ grammar: "root ::= nowhere" })
        .then((grammar) => new LlamaGrammarEvaluationState({ model, grammar }))
    ).rejects.toThrow();
  });

  it("never samples what a bias forbids", async () => {
    const first = async (options: object) => {
      for await (const token of newSequence(await anyContext()).evaluate(someTokens(), { ...greedy, ...options }))
        return token;
      throw new Error("nothing was sampled");
    };
    const usual = await first({});
    expect(await first({ tokenBias: TokenBias.for(model).set([usual], "never") })).not.toBe(usual);
  });

  it("knows which tokens end an answer, and yields them where it is asked to", () => {
    const { eot, eos } = model.tokens;
    expect([eot, eos].filter((token) => token !== null).every((token) => model.isEogToken(token))).toBe(true);
  });

  async function anyContext(): Promise<LlamaContext> {
    const other = await newContext(256);
    opened.push(other);
    return other;
  }
});

describe("load-failure.ts relies on it that node-llama-cpp", () => {
  it("quotes the absolute path of an adapter that cannot be loaded", async () => {
    const bad = join(folder, "bad.gguf");
    writeFileSync(bad, "no adapter");
    const error: unknown = await model
      .createContext({ contextSize: 256, lora: { adapters: [{ filePath: bad }] } })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(failedAdapter(error, [{ path: "other.gguf" }, { path: bad }])).toEqual({ path: bad });
    expect(
      failedAdapter(new Error(`Failed to initialize LoRA adapter "${resolve("a.gguf")}"`), [{ path: "a.gguf" }])
    ).toEqual({ path: "a.gguf" });
  });

  it("leaves llama.cpp's own words in its log, which the addon takes over", async () => {
    const addon = loadAddon(runtime.libraries);
    addon.collectComplaints();
    const cut = join(folder, "cut.gguf");
    writeFileSync(cut, readFileSync(demoText).subarray(0, 4_000_000));
    await expect(
      runtime.llama.loadModel({ modelPath: cut, gpuLayers: 0, ignoreMemorySafetyChecks: true })
    ).rejects.toThrow();
    expect(addon.firstComplaint()).toMatch(/tensor|bounds|corrupt/i);
  });

  it("has words for a lack of memory", () => {
    for (const words of [
      "ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 9",
      "cudaMalloc failed: out of memory",
      "unable to allocate CPU buffer"
    ]) {
      expect(isOutOfMemory(words)).toBe(true);
    }
    expect(isOutOfMemory("tensor 'blk.0.attn_q.weight' data is not within the file bounds")).toBe(false);
  });
});

describe("load-stop.ts relies on it that node-llama-cpp", () => {
  it("stops a load as it did when that could keep the process alive; otherwise see whether load-stop.ts is still needed", () => {
    const source = readFileSync(join(dist, "evaluator", "LlamaModel", "LlamaModel.js"), "utf8").replace(/\s+/g, " ");
    expect(source).toMatch(
      /function onAbort\(\) \{ model\._model\.abortActiveModelLoad\(\); .*loadSignal\.addEventListener\("abort", onAbort\); .*await model\._model\.init\(\)/
    );
  });

  it("gives the reason of a stop that came before the load", async () => {
    const loading = runtime.llama.loadModel({
      modelPath: demoText,
      gpuLayers: 0,
      ignoreMemorySafetyChecks: true,
      loadSignal: AbortSignal.abort(new Error("enough"))
    });
    await expect(loading).rejects.toThrow("enough");
  });
});

describe("llama.ts and describe-machine.ts rely on it that node-llama-cpp", () => {
  it("lists the GPU backends of this platform, best first, and the CPU as false", async () => {
    expect(await getLlamaGpuTypes("supported")).toContain(false);
  });

  it("throws NoBinaryFoundError for a backend without a binary, when it must not build", async () => {
    const absent = process.platform === "darwin" ? "cuda" : "metal";
    const options = {
      gpu: absent,
      build: "never",
      skipDownload: true,
      progressLogs: false,
      logger: () => undefined
    } as const;
    const outcome: unknown = await getLlama(options).then(
      ({ gpu }) => gpu,
      (error: unknown) => error
    );
    // For a backend that the platform does not know it takes the CPU without a word; llama.ts looks at what it got.
    expect(outcome instanceof NoBinaryFoundError || outcome === false).toBe(true);
  });

  it("writes features as NAME = 1", () => {
    expect([...runtime.llama.systemInfo.matchAll(/(\w+) = 1/g)].length).toBeGreaterThan(0);
  });
});

describe("gguf.ts relies on it that node-llama-cpp", () => {
  it("lists all tensors with their part and place in the file, and tells where the header ends", async () => {
    const { fullTensorInfo: tensors = [], metadataSize } = await readGgufHeader(demoText, { isSplit: false });
    expect(tensors.length).toBeGreaterThan(10);
    expect(tensors.every(({ filePart, fileOffset }) => filePart === 1 && Number(fileOffset) > metadataSize)).toBe(true);
  });
});

describe("src/native and scripts/build-native.mjs rely on it that node-llama-cpp", () => {
  it("is the version that all this was read in", () => {
    const { version } = JSON.parse(readFileSync(join(dist, "..", "package.json"), "utf8")) as { version: string };
    const { dependencies } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
      dependencies: Record<string, string>;
    };
    expect(version).toBe(dependencies["node-llama-cpp"]);
    expect(version).toBe("3.21.1");
  });

  it("carries its C++ sources and the tag of llama.cpp that they are for", () => {
    const llama = join(dist, "..", "llama");
    expect(readFileSync(join(llama, "addon", "AddonContext.h"), "utf8")).toMatch(/llama_context\s*\*\s*ctx/);
    expect(JSON.parse(readFileSync(join(llama, "llama.cpp.info.json"), "utf8"))).toHaveProperty("tag");
  });

  it.runIf(process.platform === "linux")(
    "has one package a backend, with the binary at bins/NAME/llama-addon.node",
    () => {
      const name = `linux-${process.arch === "arm" ? "armv7l" : process.arch}`;
      expect(existsSync(join(dist, "..", "..", "@node-llama-cpp", name, "bins", name, "llama-addon.node"))).toBe(true);
    }
  );
});
