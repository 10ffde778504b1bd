import { describe, expect, it } from "vitest";
import { downloadBytes, idOf, readCatalog } from "../../src/models/catalog.js";
import { parseModelName } from "../../src/models/model-name.js";
import { adviseSmaller, suggestModel } from "../../src/models/suggest.js";

const catalog = await readCatalog();
const suggested = (gigabytes: number) => {
  const suggestion = suggestModel(catalog, gigabytes * 1e9);
  return suggestion === null ? null : idOf(suggestion);
};

describe("the catalog", () => {
  it("has every MedGemma, each with files, sizes, licence and what it takes", () => {
    expect(catalog.models.map(({ id }) => id)).toEqual(["1.5-4b-it", "4b-it", "4b-pt", "27b-it", "27b-text-it"]);
    expect(catalog.license.notice).toContain(catalog.license.url);
    for (const model of catalog.models) {
      expect(model.repository).toMatch(/^[\w.-]+\/[\w.-]+$/);
      expect(model.projector === null).toBe(!model.takes.includes("images"));
      for (const quantization of model.quantizations) {
        expect(quantization.file).toMatch(new RegExp(`${quantization.name}\\.gguf$`));
        expect(downloadBytes(model, quantization)).toBeGreaterThan(2e9);
        expect(quantization.sha256 ?? "a".repeat(64)).toMatch(/^[0-9a-f]{64}$/);
      }
    }
  });
});

describe("a suggestion", () => {
  it("is the first of the catalog that fits", () => {
    expect(suggested(64)).toBe("1.5-4b-it:Q4_K_M");
    expect(suggested(4.3)).toBe("1.5-4b-it:Q4_K_M");
    expect(suggested(4)).toBeNull();
  });

  it("for a model that does not fit is the largest of its kind that does, else of any", () => {
    expect(adviseSmaller(catalog, 2560, 6e9)).toMatchObject({ id: expect.stringMatching(/^(?:1\.5-)?4b-(?:it|pt):Q8_0$/) as string, neededBytes: expect.closeTo(5.9e9, -8) as number });
    expect(adviseSmaller(catalog, 5376, 20e9)).toMatchObject({ id: "27b-it:Q4_K_M" });
    expect(adviseSmaller(catalog, 5376, 6e9)).toMatchObject({ id: expect.stringMatching(/4b-\w+:Q8_0$/) as string });
    expect(adviseSmaller(catalog, 5376, 3e9)).toBeNull();
  });
});

describe("a name to pull", () => {
  it.each([
    ["1.5-4b-it", { kind: "catalog", model: { id: "1.5-4b-it" }, quantization: { name: "Q4_K_M" } }],
    ["27B-text-it:q8_0", { kind: "catalog", model: { id: "27b-text-it" }, quantization: { name: "Q8_0" } }],
    ["hf:o/n/f.gguf", { kind: "hub", repository: "o/n", path: "f.gguf", quantization: null, revision: "main" }],
    ["hf:o/n/a/b.gguf#refs/pr/1", { kind: "hub", repository: "o/n", path: "a/b.gguf", revision: "refs/pr/1" }],
    ["hf:o/n:Q4_K_M", { kind: "hub", repository: "o/n", path: null, quantization: "Q4_K_M" }],
    ["hf:o/n", { kind: "hub", repository: "o/n", path: null, quantization: null }]
  ])("%s is understood", (name, expected) => {
    expect(parseModelName(name, catalog)).toMatchObject(expected);
  });

  it.each(["", "4b", "4b-it:Q2_K", "4b-it:Q4_K_M:x", "hf:", "hf:owner", "hf:../../etc", "hf:o/../x.gguf", "hf:o/n/../../x.gguf", "hf:o/n/./x", "https://example.org/x.gguf", "C:\\x.gguf"])(
    "%j is none",
    (name) => {
      expect(parseModelName(name, catalog)).toBeNull();
    }
  );
});
