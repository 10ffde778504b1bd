import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadParts } from "../../../src/loading/load.js";
import { expectReference, readReference } from "../../reference-logits.js";

/** What llama.cpp's converter makes of an adapter of PEFT. */
const path = fileURLToPath(new URL("../../fixtures/reference/lora.gguf", import.meta.url));

describe("logits and greedy tokens under an adapter are those of transformers with PEFT", () => {
  const cases = readReference("lora.json");
  it("knows LoRA and rsLoRA, with and without an image", () => {
    expect(cases).toHaveLength(4);
  });

  // Measured: 6e-5, of which 5e-5 is the fixtures' rounding; the adapter changes the logits by 1.5 to 4.3.
  it.each(cases)("%s", async (name, reference) => {
    const { parts } = await loadParts("demo", { gpu: "off", lora: [{ path, scale: reference.scale }] });
    try {
      await expectReference(parts, reference, 1e-3);
    } finally {
      await parts.vision?.dispose();
      await parts.language.dispose();
    }
    const [, plain] = readReference("logits.json").find(([other]) => name.endsWith(`, ${other}`)) ?? [];
    expect(plain?.positions).toEqual(reference.positions);
    expect(plain?.greedy).not.toEqual(reference.greedy);
  });
});
