/** models/catalog.json: every MedGemma that can be pulled. Facts only; nothing here touches the network. */
import { readFile } from "node:fs/promises";

/** The models that can be pulled, and the terms that they are under. */
export interface Catalog {
  readonly license: {
    readonly name: string;
    readonly url: string;
    /** The sentence that whoever passes weights on must pass on too. */
    readonly notice: string;
  };
  /** The first is the one to propose. */
  readonly models: readonly CatalogModel[];
}

/** A model with its projector, in one or several quantisations. */
export interface CatalogModel {
  /** "1.5-4b-it" */
  readonly id: string;
  readonly name: string;
  /** Google's repository that the weights are converted from. */
  readonly source: string;
  /** ISO date. */
  readonly released: string;
  readonly takes: readonly ("text" | "images")[];
  /** In a few words: what it is good for. */
  readonly about: string;
  /** Width of a token's embedding; a projector must have the same. */
  readonly hiddenSize: number;
  /** Memory beside the weights, in bytes: the program, a context of 8192 tokens, and what an image needs while it is encoded. */
  readonly workingBytes: number;
  /** The hub's repository with the GGUF files. */
  readonly repository: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  /** null: a text-only model. */
  readonly projector: CatalogFile | null;
  /** The first is the one to propose. */
  readonly quantizations: readonly Quantization[];
  /** Benchmark → published score of the unquantised model, in percent. */
  readonly accuracy: Readonly<Record<string, number>>;
}

/** A file to download. */
export interface CatalogFile {
  /** Its name in the repository. */
  readonly file: string;
  /** Bytes; one of the two is there. */
  readonly byteLength?: number;
  readonly approximateBytes?: number;
  /** Hex; only where it is known for sure. */
  readonly sha256?: string;
}

/** The text model of a catalog model in one quantisation. */
export interface Quantization extends CatalogFile {
  /** llama.cpp's name: "Q4_K_M" */
  readonly name: string;
}

const file = new URL("../../models/catalog.json", import.meta.url);

let catalog: Promise<Catalog> | undefined;

/** Every MedGemma that can be pulled, from a file of the package: nothing here touches the network. */
export function readCatalog(): Promise<Catalog> {
  catalog ??= readFile(file, "utf8").then((content) => JSON.parse(content) as Catalog);
  return catalog;
}

/** A model in one quantisation. */
export interface CatalogChoice {
  readonly model: CatalogModel;
  readonly quantization: Quantization;
}

/** "1.5-4b-it:Q4_K_M" */
export function idOf({ model, quantization }: CatalogChoice): string {
  return `${model.id}:${quantization.name}`;
}

/** Every model in every quantisation, in the order of preference. */
export function choicesOf({ models }: Pick<Catalog, "models">): CatalogChoice[] {
  return models.flatMap((model) => model.quantizations.map((quantization) => ({ model, quantization })));
}

export function bytesOf({ byteLength, approximateBytes }: CatalogFile): number {
  return byteLength ?? approximateBytes ?? 0;
}

/** What a pull brings: the text model, and its projector. */
export function downloadBytes(model: CatalogModel, quantization: Quantization): number {
  return bytesOf(quantization) + (model.projector === null ? 0 : bytesOf(model.projector));
}

/** Memory to run it in. */
export function neededBytes(model: CatalogModel, quantization: Quantization): number {
  return downloadBytes(model, quantization) + model.workingBytes;
}
