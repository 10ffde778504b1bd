import { describe, expect, it } from "vitest";
import { preferredProjector, projectorsFor } from "../../src/models/projector-choice.js";

describe("of the projectors of one model", () => {
  it.each([
    [["mmproj-BF16.gguf", "mmproj-F16.gguf", "mmproj-F32.gguf"], "mmproj-F16.gguf"],
    [["mmproj-F32.gguf", "mmproj-BF16.gguf"], "mmproj-BF16.gguf"],
    [["medgemma-4b-it.mmproj-Q8_0.gguf", "medgemma-4b-it.mmproj-f16.gguf"], "medgemma-4b-it.mmproj-f16.gguf"],
    [["medgemma-4b-it.mmproj-Q8_0.gguf", "mmproj-F32.gguf"], "mmproj-F32.gguf"],
    [["mmproj-fp16.gguf", "mmproj-bf16.gguf"], "mmproj-fp16.gguf"],
    [["b/mmproj.gguf", "a/mmproj-Q8_0.gguf"], "a/mmproj-Q8_0.gguf"],
    [["mmproj.gguf"], "mmproj.gguf"],
    [[], null]
  ])("of %j it is %s", (names, expected) => {
    expect(preferredProjector(names)).toBe(expected);
    expect(preferredProjector(names.toReversed())).toBe(expected);
  });
});

describe("a projector that can be a model's own", () => {
  const own = (text: string, projector: string, isFlat = false) => projectorsFor(text, [projector], { isFlat }).length === 1;

  it.each([
    ["medgemma-1.5-4b-it-Q4_K_M.gguf", "mmproj-F16.gguf", true],
    ["medgemma-1.5-4b-it-UD-Q4_K_XL.gguf", "mmproj-model-f16.gguf", true],
    ["google_medgemma-4b-it-IQ4_XS.gguf", "mmproj-google_medgemma-4b-it-f16.gguf", true],
    ["medgemma-4b-it.Q4_K_M.gguf", "medgemma-4b-it.mmproj-Q8_0.gguf", true],
    ["medgemma-4b-it-chest-xray-Q4_K_M.gguf", "mmproj-medgemma-4b-it-F16.gguf", true],
    ["radiology-Q8_0.gguf", "mmproj-medgemma-4b-it-F16.gguf", true],
    ["BF16/medgemma-27b-it-BF16-00001-of-00002.gguf", "mmproj-medgemma-27b-it-F16.gguf", true],
    ["medgemma-1.5-4b-it-Q4_K_M.gguf", "mmproj-medgemma-4b-it-F16.gguf", false],
    ["medgemma-4b-it-Q4_K_M.gguf", "mmproj-medgemma-1.5-4b-it-F16.gguf", false],
    ["medgemma-27b-it-Q4_K_M.gguf", "mmproj-medgemma-4b-it-F16.gguf", false],
    ["medgemma-4b-it-Q4_K_M.gguf", "mmproj-gemma-3-4b-it-f16.gguf", false]
  ])("%s with %s: %s", (text, projector, expected) => {
    expect(own(text, projector)).toBe(expected);
  });

  it.each([
    ["unsloth_medgemma-1.5-4b-it-GGUF_medgemma-1.5-4b-it-Q4_K_M.gguf", "unsloth_medgemma-1.5-4b-it-GGUF_mmproj-F16.gguf", true],
    ["mradermacher_medgemma-4b-it-GGUF_medgemma-4b-it.Q4_K_M.gguf", "mradermacher_medgemma-4b-it-GGUF_medgemma-4b-it.mmproj-f16.gguf", true],
    ["hf_unsloth_medgemma-4b-it-Q4_K_M.gguf", "hf_unsloth_medgemma-4b-it-GGUF_mmproj-F16.gguf", true],
    ["hf_unsloth_medgemma-4b-it-Q4_K_M.gguf", "hf_unsloth_mmproj-F16.gguf", true],
    ["unsloth_medgemma-1.5-4b-it-GGUF_medgemma-1.5-4b-it-Q4_K_M.gguf", "unsloth_medgemma-4b-it-GGUF_mmproj-F16.gguf", false],
    ["unsloth_medgemma-4b-it-GGUF_medgemma-4b-it-Q4_K_M.gguf", "ggml-org_gemma-3-4b-it-GGUF_mmproj-model-f16.gguf", false],
    ["hf_unsloth_medgemma-4b-it-Q4_K_M.gguf", "hf_bartowski_mmproj-F16.gguf", false]
  ])("in a flat folder, %s with %s: %s", (text, projector, expected) => {
    expect(own(text, projector, true)).toBe(expected);
  });
});
