import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelParts } from "../../src/chat/encode-images.js";
import { loadParts } from "../../src/loading/load.js";
import { expectReference, readReference } from "../reference-logits.js";

describe("logits and greedy tokens are those of transformers", () => {
  let parts: ModelParts;
  beforeAll(async () => {
    ({ parts } = await loadParts("demo", { gpu: "off" }));
  });
  afterAll(async () => {
    await parts.vision?.dispose();
    await parts.language.dispose();
  });

  const cases = readReference("logits.json");
  it("knows all of them", () => {
    expect(cases).toHaveLength(12);
  });

  // Measured: 3e-4 over 200 conversations; the fixtures are rounded to 1e-4.
  it.each(cases)("%s", async (_name, reference) => {
    await expectReference(parts, reference, 1e-3);
  });
});
