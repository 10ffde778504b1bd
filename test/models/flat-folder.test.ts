import { describe, expect, it } from "vitest";
import { isOfSameRepository } from "../../src/models/flat-folder.js";

describe("names in one folder", () => {
  it.each([
    ["unsloth_medgemma-1.5-4b-it-GGUF_medgemma-1.5-4b-it-Q4_K_M.gguf", "unsloth_medgemma-1.5-4b-it-GGUF_mmproj-F16.gguf", true],
    ["mradermacher_medgemma-4b-it-GGUF_medgemma-4b-it.Q4_K_M.gguf", "mradermacher_medgemma-4b-it-GGUF_medgemma-4b-it.mmproj-f16.gguf", true],
    ["hf_unsloth_medgemma-4b-it-Q4_K_M.gguf", "hf_unsloth_medgemma-4b-it-GGUF_mmproj-F16.gguf", true],
    ["hf_unsloth_medgemma-4b-it-Q4_K_M.gguf", "hf_unsloth_mmproj-F16.gguf", true],
    ["unsloth_medgemma-1.5-4b-it-GGUF_medgemma-1.5-4b-it-Q4_K_M.gguf", "unsloth_medgemma-4b-it-GGUF_mmproj-F16.gguf", false],
    ["unsloth_medgemma-4b-it-GGUF_medgemma-4b-it-Q4_K_M.gguf", "ggml-org_gemma-3-4b-it-GGUF_mmproj-model-f16.gguf", false],
    ["hf_unsloth_medgemma-4b-it-Q4_K_M.gguf", "hf_bartowski_mmproj-F16.gguf", false]
  ])("%s with %s: %s", (text, projector, expected) => {
    expect(isOfSameRepository(text, projector)).toBe(expected);
  });
});
