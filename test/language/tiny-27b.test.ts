import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelParts } from "../../src/chat/encode-images.js";
import { loadParts } from "../../src/loading/load.js";
import { loadMedGemma } from "../../src/index.js";
import { film } from "../demo-model.js";
import { expectReference, readReference } from "../reference-logits.js";
import { tiny27b, writeTinyProjector, writeTinyText } from "../tiny-gguf.js";

describe("a model with the 27B's 62 layers and ratios", () => {
  const folder = mkdtempSync(join(tmpdir(), "medgemma-27b-"));
  const text = join(folder, "text.gguf");
  const projector = join(folder, "projector.gguf");
  beforeAll(async () => {
    await writeTinyText(text);
    writeTinyProjector(projector, tiny27b.hidden);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  describe("logits and greedy tokens are those of transformers", () => {
    let parts: ModelParts;
    beforeAll(async () => {
      ({ parts } = await loadParts({ model: text, mmproj: projector }, { gpu: "off" }));
    });
    afterAll(async () => {
      await parts.vision?.dispose();
      await parts.language.dispose();
    });

    // Measured: 5.2e-5, of which 5e-5 are the fixture's rounding. With head size for hidden / heads in the scale: 0.3 to 0.6.
    it.each(readReference("tiny-27b.json"))("%s", async (_name, reference) => {
      await expectReference(parts, reference, 2e-4);
    });
  });

  it("loads without a projector and refuses images clearly", async () => {
    await using model = await loadMedGemma(text, { gpu: "off" });
    const chat = await model.createChat();
    expect((await chat.ask("Describe.", { maxTokens: 3 })).usage.imageTokens).toBe(0);
    await expect(chat.ask("Describe.", { images: [film] })).rejects.toThrow("without a projector");
  });
});
