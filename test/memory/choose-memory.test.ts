import { describe, expect, it } from "vitest";
import { chooseMemory, type MemoryBudget, type MemoryQuestion } from "../../src/memory/choose-memory.js";
import type { EstimateAt, MemoryParts } from "../../src/memory/memory-estimate.js";
import { memoryShortage } from "../../src/memory/memory-shortage.js";

const parts = (values: Partial<MemoryParts>): MemoryParts => {
  const all = {
    processBytes: 0,
    weightBytes: 0,
    keyValueBytes: 0,
    workBytes: 0,
    towerWeightBytes: 0,
    towerWorkBytes: 0,
    furtherImageBytes: 0,
    ...values
  };
  return { ...all, totalBytes: Object.values(all).reduce((total, bytes) => total + bytes, 0) };
};

/** Ten layers of 100 bytes, a tower of 200 and 50 for its work, a byte for a token of context on every device, a program of 60. */
const estimateAt: EstimateAt = ({ contextSize, gpuLayers, towerOnGpu }) => {
  const tower = { towerWeightBytes: 200, towerWorkBytes: 50 };
  return {
    ram: parts({
      processBytes: 60,
      weightBytes: (10 - gpuLayers) * 100,
      keyValueBytes: contextSize,
      ...(towerOnGpu ? {} : tower)
    }),
    vram: parts({
      weightBytes: gpuLayers * 100,
      keyValueBytes: gpuLayers > 0 ? contextSize : 0,
      ...(towerOnGpu ? tower : {})
    }),
    cachedFileBytes: 5000
  };
};
const question: MemoryQuestion = { contextSizes: [400, 300, 200], layers: 10, hasTower: true };
const choose = (budget: Partial<MemoryBudget>, asked: Partial<MemoryQuestion> = {}) => {
  const { setup, shortage } = chooseMemory(
    estimateAt,
    { ...question, ...asked },
    { ram: Infinity, vram: null, isUnified: false, ...budget }
  );
  return { ...setup, shortage };
};

describe("on the CPU", () => {
  it("takes the context that is wanted where all fits to the byte, and never counts pages that the system may take", () => {
    expect(choose({ ram: 1710 })).toEqual({ contextSize: 400, gpuLayers: 0, towerOnGpu: false, shortage: 0 });
  });

  it("takes the largest smaller context that leaves room for an image", () => {
    expect(choose({ ram: 1709 })).toMatchObject({ contextSize: 300, shortage: 0 });
    expect(choose({ ram: 1510 })).toMatchObject({ contextSize: 200, shortage: 0 });
  });

  it("says how much is missing at the smallest context, or at the one that the user wants", () => {
    expect(choose({ ram: 1500 })).toMatchObject({ contextSize: 200, shortage: 10 });
    expect(choose({ ram: 1500 }, { contextSizes: [400] })).toMatchObject({ contextSize: 400, shortage: 210 });
  });
});

describe("on a GPU", () => {
  it("puts everything there where it fits", () => {
    expect(choose({ vram: 1650 })).toEqual({ contextSize: 400, gpuLayers: 10, towerOnGpu: true, shortage: 0 });
  });

  it("keeps room for the tower, and leaves out layers for it", () => {
    expect(choose({ vram: 1649 })).toMatchObject({ gpuLayers: 9, towerOnGpu: true });
    expect(choose({ vram: 950 })).toMatchObject({ gpuLayers: 3, towerOnGpu: true });
  });

  it("encodes on the CPU when less than a quarter of the layers would be left", () => {
    expect(choose({ vram: 949 })).toMatchObject({ gpuLayers: 5, towerOnGpu: false });
  });

  it("has no tower to keep room for with a text-only model", () => {
    expect(choose({ vram: 1400 }, { hasTower: false })).toMatchObject({ gpuLayers: 10, towerOnGpu: false });
  });

  it("leaves all to the CPU when not one layer fits", () => {
    expect(choose({ vram: 400 })).toMatchObject({ gpuLayers: 0, towerOnGpu: false, shortage: 0 });
  });

  it("makes the context smaller for the computer's memory too", () => {
    // 400: five layers and the tower stay, 1210 with the program. 300: the tower finds room on the GPU.
    expect(choose({ vram: 949, ram: 1209 })).toMatchObject({
      contextSize: 300,
      gpuLayers: 3,
      towerOnGpu: true,
      shortage: 0
    });
    expect(choose({ vram: 949, ram: 1210 })).toMatchObject({
      contextSize: 400,
      gpuLayers: 5,
      towerOnGpu: false,
      shortage: 0
    });
  });
});

describe("on unified memory", () => {
  it("counts it once for both", () => {
    // 10 layers, the tower, the context on both sides and the program.
    expect(choose({ vram: 5000, ram: 2110, isUnified: true })).toMatchObject({
      gpuLayers: 10,
      towerOnGpu: true,
      contextSize: 400
    });
    expect(choose({ vram: 5000, ram: 2109, isUnified: true })).toMatchObject({ gpuLayers: 0, contextSize: 400 });
    expect(choose({ vram: 5000, ram: 1709, isUnified: true })).toMatchObject({ contextSize: 300 });
  });
});

describe("the error", () => {
  const budget = { ram: 4e9, vram: null, isUnified: false };
  const estimate = {
    ram: parts({
      processBytes: 0.2e9,
      weightBytes: 2.5e9,
      keyValueBytes: 0.6e9,
      workBytes: 0.15e9,
      towerWeightBytes: 0.9e9,
      towerWorkBytes: 0.1e9
    }),
    vram: parts({}),
    cachedFileBytes: 1e9
  };
  const choice = { setup: { contextSize: 8192, gpuLayers: 0, towerOnGpu: false }, estimate, shortage: 0.45e9 };
  const messageWith = (options: Parameters<typeof memoryShortage>[3]) =>
    memoryShortage("model.gguf", choice, budget, options);

  it("says in one line what is needed for what, what there is, and what to do", () => {
    const error = messageWith({ smallerContext: 4096, smaller: () => ({ id: "unused", neededBytes: 1e9 }) });
    expect(error.code).toBe("OUT_OF_MEMORY");
    expect(error.message).toBe(
      "model.gguf with a context of 8192 tokens needs 4.45 GB (text 2.50 GB, context 0.75 GB, images 1.00 GB, program 0.20 GB), " +
        "but 4.00 GB are available: 0.45 GB too much. MEDGEMMA_IGNORE_MEMORY=1 loads it anyway. Load with contextSize 4096."
    );
    expect(error.remedy).toEqual({ option: "contextSize", value: 4096 });
  });

  it("asks for a smaller model for the memory that there is, where no context would do", () => {
    const asked: number[] = [];
    const smaller = (bytes: number) => (asked.push(bytes), { id: "4b-it:Q3_K_M", neededBytes: 3.5e9 });
    const error = messageWith({ smallerContext: null, smaller });
    expect(error.message).toContain("4b-it:Q3_K_M fits (about 3.5 GB).");
    expect(error.remedy).toEqual({ command: "pull", argument: "4b-it:Q3_K_M" });
    expect(asked).toEqual([4e9]);
    expect(messageWith({ smallerContext: null, smaller: () => null }).message).toContain(
      "Use a smaller quantisation, or close other programs."
    );
  });

  it("counts both sides of unified memory, as the decision does", () => {
    const unified = { ...choice, estimate: { ...estimate, vram: parts({ weightBytes: 1e9 }) } };
    const { message } = memoryShortage(
      "model.gguf",
      unified,
      { ...budget, isUnified: true },
      { smallerContext: null, smaller: () => null }
    );
    expect(message).toContain("needs 5.45 GB (text 3.50 GB");
  });
});
