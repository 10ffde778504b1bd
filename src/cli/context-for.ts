/** How large a context many pictures of one question need. */
import { demoModel } from "../models/demo-model.js";

/** Of every MedGemma. */
const tokensPerImage = 256;

/** Of a model, when --context says nothing. */
const defaultContextSize = 8192;

/** Of the instruction and the question. */
const textTokens = 512;

/** In tokens; the preset ct allows so many. */
const longestAnswer = 2000;

/** In a prompt, each with its marks and a label, "SLICE 85". */
export function tokensOfPictures(count: number, perImage: number): number {
  return count * (perImage + 14);
}

/** More than some 20 pictures need more than the usual context. @returns undefined where that one suffices */
export function contextFor(pictures: number, { modelId, maxTokens = longestAnswer }: { readonly modelId: string | null; readonly maxTokens: number | undefined }): number | undefined {
  const needed = tokensOfPictures(pictures, tokensPerImage) + textTokens + maxTokens;
  return needed <= defaultContextSize || modelId === demoModel.id ? undefined : Math.ceil(needed / 1024) * 1024;
}
