/** The typed twin of native/addon/addon.cpp: every native function, and nothing else. Failures are MedGemmaErrors. */
/** What a projector file says about its tower. */
export interface ProjectorFacts {
  readonly path: string;
  /** Side in pixels of the square that the tower sees. */
  readonly imageSize: number;
  /** Side of a patch in pixels. */
  readonly patchSize: number;
  readonly layers: number;
  /** Width of the tower. */
  readonly width: number;
  readonly heads: number;
  /** Width of the feed-forward layer. */
  readonly feedForward: number;
  readonly tokensPerImage: number;
  /** Width of an image token: the hidden size of the text model that it belongs to. */
  readonly projectionSize: number;
  /** Type of the large matrices: F32, F16, BF16 or Q8_0. */
  readonly weightType: string;
  readonly tensorCount: number;
  readonly byteLength: number;
  readonly memory: {
    /** When the CPU computes the tower. */
    readonly cpu: TowerMemory;
    /** On this machine's GPU; where it has none, on one with ggml's fused attention. */
    readonly gpu: TowerMemory;
  };
}

export interface TowerMemory {
  /** As long as the tower is loaded. */
  readonly weightBytes: number;
  /** On top of it while an image is encoded; on a GPU from the first image on. */
  readonly workBytes: number;
}

/** Work that runs on a thread of the addon. */
export interface NativeEncodeRun {
  /** (tokensPerImage, projectionSize), row-major. Rejects with ABORTED, DISPOSED, OUT_OF_MEMORY, INVALID_ARGUMENT. */
  readonly tokens: Promise<Float32Array>;
  abort(): void;
}

/** What a named stage of the tower computed. */
export interface StageValues {
  /** "patch embedding", "layer 1" …, "post norm", "pooled", "image tokens". */
  readonly name: string;
  readonly rows: number;
  readonly width: number;
  /** (rows, width), row-major. */
  readonly values: Float32Array;
}

export interface NativeVisionEncoder {
  readonly facts: ProjectorFacts;
  /** ggml's name of the device: "CPU", "CUDA0", "Vulkan0", "Metal". */
  readonly device: string;
  /**
   * Queues; one picture at a time is computed.
   *
   * @param rgb (imageSize, imageSize, 3), 8-bit.
   * @param onLayer Called after each layer.
   */
  encode(rgb: Uint8Array, onLayer?: (layer: number, layers: number) => void): NativeEncodeRun;
  /** As `encode`, but with what every stage on the way computed, the image tokens last. */
  encodeStages(rgb: Uint8Array): Promise<StageValues[]>;
  /** Stops what runs, refuses what waits with DISPOSED, then frees the weights. */
  dispose(): Promise<void>;
}

/** What JavaScript asked node-llama-cpp for; the addon compares it with what it finds. */
export interface ExpectedContext {
  /** Tokens of one sequence. */
  readonly contextSize: number;
  readonly batchSize: number;
  readonly sequences: number;
  /** CPU threads: so many stay ready between the batches. */
  readonly threads: number;
}

export interface PreparedContext {
  /** Width of a token's embedding. */
  readonly embeddingSize: number;
  /** While true, whatever the context decodes on the CPU fails at its next step, node-llama-cpp's own batches included. */
  setAborted(isAborted: boolean): void;
  /** Ends the threads. Call it when the context is disposed. */
  release(): void;
}

/** What the cores of a machine can do at most, all threads together. */
export interface MachineLimits {
  /** Kernels that the image tower is computed with for these weights: "avx512-bf16", "neon", "portable", … */
  readonly kernels: string;
  /** 10^9 floating-point operations a second, in a loop of nothing but products. */
  readonly gflops: number;
  /** 10^9 bytes a second read from memory. */
  readonly readGbytes: number;
}

export interface NativeAddon {
  /** Errors are made with this class from here on. */
  initialize(errorClass: new (code: never, message: string) => Error): void;
  /** Ends all threads of the addon; nothing can be asked of it afterwards. */
  shutDown(): void;
  /** Takes llama.cpp's log over from node-llama-cpp, and forgets what was collected. For all threads of the process. */
  collectComplaints(): void;
  /** The first error in llama.cpp's log since `collectComplaints`, of any thread; null: none. The later ones only say "failed". */
  firstComplaint(): string | null;
  /**
   * From here on a worker thread that is terminated in the middle of node-llama-cpp's work does not take the process with it.
   * Call it when node-llama-cpp is loaded. Linux only; elsewhere it does nothing.
   */
  surviveWorkerExit(): void;
  /** Contexts made from here on compute GELU in F32 behind weights in F32, where ggml's CPU backend would use a table of F16. */
  useExactGelu(): void;
  /**
   * Whether llama.cpp copies a matrix that the CPU multiplies with into an order of its own, beside the file's pages.
   *
   * @param type Number of the ggml type. @param columns The contiguous size.
   */
  repacksWeight(type: number, columns: number, rows: number): boolean;
  /** Gives memory that was freed back to the system; allocators would keep it. */
  releaseMemory(): Promise<void>;
  /** On Linux: pages of 2 MB for large memory that is not filled yet. For a moment when a model has just got its own. */
  preferHugePages(): void;
  /** @param rgb (height, width, 3). Resolves to (side, side, 3), Pillow's bilinear to the byte. */
  fitToSquare(
    rgb: Uint8Array,
    width: number,
    height: number,
    side: number,
    fit: "pad" | "stretch"
  ): Promise<Uint8Array>;
  /** Is a GGUF file of any model whole? Rejects with MODEL_NOT_FOUND, FILE_UNUSABLE or MODEL_CORRUPT. */
  checkGguf(path: string): Promise<void>;
  /** Checks all of a projector file, loads nothing. Rejects as `checkGguf`, and with MODEL_MISMATCH. */
  inspectProjector(path: string): Promise<ProjectorFacts>;
  /** Rejects as `inspectProjector`, and with GPU_UNAVAILABLE or OUT_OF_MEMORY. */
  loadVisionEncoder(
    path: string,
    options: { readonly gpu: boolean; readonly threads: number }
  ): Promise<NativeVisionEncoder>;
  /** Computes for about a second. @param weightType As in `ProjectorFacts.weightType`. */
  measureMachine(weightType: string, threads: number): Promise<MachineLimits>;
  /** @throws MedGemmaError ADDON_MISMATCH when `context` (an AddonContext) is not of the expected build */
  prepareContext(context: object, expected: ExpectedContext): PreparedContext;
  /**
   * Decodes the tokens of one image. The caller holds the context's lock and keeps it from being disposed. Rejects with
   * ABORTED, CONTEXT_FULL or INTERNAL; cells that were begun are then the caller's to take back.
   *
   * @param embeddings (tokens, embeddingSize), row-major; copied.
   */
  decodeImage(context: object, embeddings: Float32Array, sequenceId: number, position: number): Promise<void>;
  /** Logits (vocabulary) of one output of the batch that was decoded last; only while its outputs are mapped. */
  readLogits(context: object, index: number): Float32Array;
}

/** All of them: an addon that was built before the last one was added must not be taken. */
export const nativeFunctions = Object.keys({
  initialize: null,
  shutDown: null,
  collectComplaints: null,
  firstComplaint: null,
  surviveWorkerExit: null,
  useExactGelu: null,
  repacksWeight: null,
  releaseMemory: null,
  preferHugePages: null,
  fitToSquare: null,
  checkGguf: null,
  inspectProjector: null,
  loadVisionEncoder: null,
  measureMachine: null,
  prepareContext: null,
  decodeImage: null,
  readLogits: null
} satisfies Record<keyof NativeAddon, null>) as readonly (keyof NativeAddon)[];
