/** Whether an adapter was made for a model: every weight that it changes must be there, in the same shape. */
import { MedGemmaError } from "../../errors.js";
import type { LoraAdapter } from "./lora-adapter.js";
import type { ModelFile } from "../model-file.js";

/** @throws MedGemmaError MODEL_MISMATCH with both shapes */
export function checkLoraFits({ file: { path }, weights }: LoraAdapter, model: ModelFile): void {
  const shapes = new Map(model.info.fullTensorInfo?.map(({ name, dimensions }) => [name, dimensions.join(" × ")]));
  for (const { name, inputs, outputs } of weights) {
    const wanted = `${inputs} × ${outputs}`;
    const found = shapes.get(name);
    if (found === wanted) continue;
    if (found === undefined && name === "output.weight") {
      throw new MedGemmaError(
        "MODEL_MISMATCH",
        `The adapter ${path} changes the output layer (lm_head), which in ${model.path} is the token embeddings. Train it without lm_head.`
      );
    }
    const { block_count: layers } = model.info.architectureMetadata;
    const instead = found === undefined ? `${String(layers)} layers and no such tensor` : `${found} there`;
    throw new MedGemmaError(
      "MODEL_MISMATCH",
      `The adapter ${path} was made for another model: it changes ${JSON.stringify(name.slice(0, 80))} of ${wanted}, but ${model.path} has ${instead}. ` +
        "Use the model that it was trained on."
    );
  }
}
