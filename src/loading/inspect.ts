/** What a GGUF file is, from its header alone: a text model, a projector or a LoRA adapter, what belongs to it, what memory it needs. */
import { MedGemmaError } from "../errors.js";
import { identifyHeader, type GgufIdentity } from "../gguf/identify.js";
import { readGgufHeader } from "../gguf/header.js";
import { splitOllamaLayout } from "../gguf/ollama-layout.js";
import { splitNames } from "../gguf/split-name.js";
import { ggufByteLength } from "../gguf/write.js";
import { describeTextModel, type TextModelFacts } from "../language/describe-model.js";
import { describeLora, type LoraFacts } from "../language/lora/describe-lora.js";
import { parseLoraAdapter } from "../language/lora/lora-adapter.js";
import { readModelFile } from "../language/model-file.js";
import { reasonToSkip } from "../models/import-candidates.js";
import { projectorsNear } from "../models/pair-model.js";
import { textParts } from "../models/text-parts.js";
import type { ProjectorFacts } from "../native/addon.js";
import { loadAddon } from "../native/load-addon.js";
import { tabulateMemory, type MemoryTables } from "../memory/memory-tables.js";

/** A projector file that lies beside a text model. */
export interface NearbyProjector {
  readonly path: string;
  /** Whether its tokens have the width of the text model; null when the file cannot be read as a projector. */
  readonly fits: boolean | null;
}

export interface TextModelInspection extends TextModelFacts {
  readonly kind: "text";
  /** Files of a split model, this one the first; 1: it is whole. */
  readonly parts: number;
  readonly projectors: readonly NearbyProjector[];
  /** With the first projector that fits. */
  readonly memory: MemoryTables;
}

export interface ProjectorInspection extends ProjectorFacts {
  readonly kind: "projector";
  /** In words: the text models that its tokens fit. */
  readonly fits: string;
}

export interface LoraInspection extends LoraFacts {
  readonly kind: "lora";
  /** In words: the text models that it may have been trained on. */
  readonly fits: string;
}

/** A model in Ollama's own layout, which has to be made into a pair of files before it can be run. */
export interface OllamaInspection extends Omit<TextModelFacts, "chatTemplate"> {
  readonly kind: "ollama";
  /** In words: what the file is. */
  readonly layout: string;
  /** Whether the image tower is in the file. */
  readonly hasTower: boolean;
  /** What the pair takes on the disk. */
  readonly pairBytes: number;
  /** In words: how it is used. */
  readonly use: string;
}

/** A GGUF file that is no model of ours. */
export interface OtherInspection {
  readonly kind: "imatrix" | "part" | "other";
  readonly path: string;
  readonly byteLength: number;
  readonly architecture: string | null;
  readonly name: string | null;
  /** In words: what it is. */
  readonly about: string;
}

export type Inspection =
  TextModelInspection | OllamaInspection | ProjectorInspection | LoraInspection | OtherInspection;

/**
 * @throws MedGemmaError MODEL_NOT_FOUND, MODEL_CORRUPT, FILE_UNUSABLE; MODEL_MISMATCH for a projector or an adapter that no
 *   MedGemma can use
 */
export async function inspectFile(path: string): Promise<Inspection> {
  const addon = loadAddon();
  await addon.checkGguf(path);
  const header = await readGgufHeader(path);
  const identity = identifyHeader(header);
  switch (identity.kind) {
    case "adapter": {
      const facts = describeLora(await parseLoraAdapter(await readModelFile(path)));
      return {
        kind: "lora",
        ...facts,
        fits: facts.hiddenSize === null ? "unknown" : textModelsOfWidth(facts.hiddenSize)
      };
    }
    case "projector":
    case "other-projector": {
      const facts = await addon.inspectProjector(path); // says what another kind is
      return { kind: "projector", ...facts, fits: textModelsOfWidth(facts.projectionSize) };
    }
    case "imatrix":
    case "part":
      return describeOther(identity, identity.kind);
    case "other":
      if (identity.architecture === null)
        throw new MedGemmaError(
          "MODEL_CORRUPT",
          `${path} is not a usable GGUF file: general.architecture is missing. Download or copy it again.`
        );
      return describeOther(identity, "other");
    case "ollama": {
      const { chatTemplate: _template, ...facts } = await describeTextModel(await readModelFile(path));
      const pair = splitOllamaLayout(header);
      const contents = pair.mmproj === null ? [pair.text] : [pair.text, pair.mmproj];
      return {
        kind: "ollama",
        layout: identity.hasTower
          ? "Ollama's single file: text model and image tower in one"
          : "a text model in Ollama's layout",
        ...facts,
        hasTower: identity.hasTower,
        pairBytes: contents.reduce((sum, { values, tensors }) => sum + ggufByteLength(header, values, tensors), 0),
        use: `import ${path}, or load it by its path: both make the pair of files once, weights unchanged`
      };
    }
    case "text": {
      await textParts(path); // names missing parts
      return await describeText(path);
    }
  }
}

async function describeText(path: string): Promise<TextModelInspection> {
  const file = await readModelFile(path);
  const facts = await describeTextModel(file);
  const nearby = await describeNearby(path);
  const fits = (projector: ProjectorFacts | null) =>
    projector === null ? null : projector.projectionSize === facts.hiddenSize;
  const fitting = nearby.find(({ projector }) => fits(projector) === true)?.projector ?? null;
  return {
    kind: "text",
    ...facts,
    parts: splitNames(path).length,
    projectors: nearby.map(({ path: nearbyPath, projector }) => ({ path: nearbyPath, fits: fits(projector) })),
    memory: tabulateMemory(file, fitting)
  };
}

function describeOther(identity: GgufIdentity, kind: OtherInspection["kind"]): OtherInspection {
  const { path, byteLength, architecture, name, split } = identity;
  const part = split === null ? "" : ` (part ${split.index + 1} of ${split.count}): name the first part`;
  return {
    kind,
    path,
    byteLength,
    architecture,
    name,
    about: `${reasonToSkip(identity) ?? ""}${kind === "part" ? part : ""}`
  };
}

/** A broken file beside the one that was asked about is worth a word, not a failure. */
async function describeNearby(
  text: string
): Promise<{ readonly path: string; readonly projector: ProjectorFacts | null }[]> {
  const paths = await projectorsNear(text);
  return await Promise.all(
    paths.map(async (path) => ({
      path,
      projector: await loadAddon()
        .inspectProjector(path)
        .catch(() => null)
    }))
  );
}

/** Hidden sizes of the published models (Gemma 3 report, table 1). */
function textModelsOfWidth(width: number): string {
  const names: Readonly<Record<number, string>> = { 2560: " (MedGemma 4B)", 5376: " (MedGemma 27B)" };
  return `text models of hidden size ${width}${names[width] ?? ""}`;
}
