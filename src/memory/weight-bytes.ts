/** Bytes of a text model's weights: where each tensor lies, and what the CPU backend copies. */
import type { GgufTensorInfo } from "../language/host/gguf.js";
import type { NativeAddon } from "../native/addon.js";
import type { ModelFile } from "../language/model-file.js";

export interface WeightBytes {
  /** In memory, in the order that they are computed from. */
  readonly cpu: number;
  readonly gpu: number;
  /**
   * The file's own bytes of weights that were copied on the CPU. llama.cpp maps the whole file and reads it in, so they stay
   * resident beside the copy until somebody else needs the memory. Measured: Q4_K_M of 2.49 GB takes 4.07 GB, 1.53 GB of
   * them copies of Q4_K.
   */
  readonly copiedFile: number;
}

/** Splits a model's weights for any number of layers on a GPU. */
export class WeightTable {
  readonly #tensors: readonly {
    readonly name: string;
    readonly layer: number | null;
    readonly bytes: number;
    readonly isRepacked: boolean;
  }[];
  readonly #layers: number;

  constructor({ info, partBytes }: Pick<ModelFile, "info" | "partBytes">, layers: number, addon: NativeAddon) {
    this.#layers = layers;
    this.#tensors = partBytes.flatMap((byteLength, index) => {
      const tensors = (info.fullTensorInfo ?? [])
        .filter(({ filePart }) => filePart === index + 1)
        .sort((a, b) => Number(a.fileOffset) - Number(b.fileOffset));
      return tensors.map((tensor, place) => ({
        name: tensor.name,
        layer: layerOf(tensor.name),
        // From offset to offset: right for every type, and at most the alignment of 32 bytes too much.
        bytes: Number(tensors[place + 1]?.fileOffset ?? byteLength) - Number(tensor.fileOffset),
        isRepacked: isRepacked(tensor, addon)
      }));
    });
  }

  /**
   * llama.cpp puts the output and the last layers on the GPU. The embedding stays on the CPU; where the output shares its
   * matrix, as in Gemma, the GPU gets a copy.
   *
   * @param gpuLayers 0 to layers + 1, the output counted as one.
   * @param isUnified The GPU computes from the CPU's memory, so that a shared matrix is there once.
   */
  split(gpuLayers: number, isUnified: boolean): WeightBytes {
    const firstOnGpu = this.#layers + 1 - gpuLayers;
    const hasOutput = this.#tensors.some(({ name }) => name.startsWith("output."));
    const sum = { cpu: 0, gpu: 0, copiedFile: 0 };
    for (const { name, layer, bytes, isRepacked } of this.#tensors) {
      const isEmbedding = name.startsWith("token_embd.");
      const isOnGpu = gpuLayers > 0 && (layer === null ? !isEmbedding : layer >= firstOnGpu);
      const isShared = isEmbedding && !hasOutput && gpuLayers > 0;
      if (isOnGpu || isShared) sum.gpu += bytes;
      if (!isOnGpu && !(isShared && isUnified)) sum.cpu += bytes;
      if (!isOnGpu && isRepacked) sum.copiedFile += bytes;
    }
    return sum;
  }

  /** The largest matrix of a layer: for a large batch a GPU fetches those that stay on the CPU, one by one. */
  get largestLayerBytes(): number {
    return Math.max(0, ...this.#tensors.filter(({ layer }) => layer !== null).map(({ bytes }) => bytes));
  }
}

function layerOf(name: string): number | null {
  const number = /^blk\.(\d+)\./.exec(name)?.[1];
  return number === undefined ? null : Number(number);
}

/** Rows of the embedding are looked up, which wants them as they are in the file. */
function isRepacked({ name, ggmlType, dimensions }: GgufTensorInfo, addon: NativeAddon): boolean {
  const [columns = 0, rows = 0] = dimensions.map(Number);
  return dimensions.length === 2 && !name.startsWith("token_embd.") && addon.repacksWeight(ggmlType, columns, rows);
}
