import { describe, expect, it } from "vitest";
import { matchIds } from "../../src/models/match-id.js";

const ids = [
  "ollama:medgemma1.5:4b",
  "ollama:medgemma:27b",
  "ollama:medgemma:4b",
  "ollama:amsaravi/medgemma-4b-it:latest",
  "ollama:amsaravi/medgemma-4b-it:q8",
  "hf:unsloth/medgemma-4b-it-GGUF/medgemma-4b-it-Q4_K_M.gguf",
  "hf:unsloth/medgemma-4b-it-GGUF/medgemma-4b-it-UD-Q4_K_XL.gguf",
  "hf:unsloth/medgemma-27b-it-GGUF/BF16/medgemma-27b-it-BF16-00001-of-00002.gguf",
  "hf:unsloth/medgemma-27b-it-GGUF/BF16/medgemma-27b-it-BF16-00002-of-00002.gguf"
];

describe("a name", () => {
  it.each([
    ["ollama:medgemma1.5:4b", [ids[0]]],
    ["ollama:medgemma1.5", [ids[0]]],
    ["ollama:MedGemma1.5", [ids[0]]],
    ["ollama:medgemma", [ids[1], ids[2]]],
    ["ollama:amsaravi/medgemma-4b-it", [ids[3]]],
    ["hf:unsloth/medgemma-4b-it-GGUF:Q4_K_M", [ids[5]]],
    ["hf:unsloth/medgemma-4b-it-gguf:q4_k_m", [ids[5]]],
    ["hf:unsloth/medgemma-4b-it-GGUF", [ids[5], ids[6]]],
    ["hf:unsloth/medgemma-4b-it-GGUF/medgemma-4b-it-Q4_K_M", [ids[5]]],
    ["hf:unsloth/medgemma-27b-it-GGUF:BF16", [ids[7], ids[8]]],
    ["hf:unsloth/medgemma-27b-it-GGUF/BF16/medgemma-27b-it-BF16", [ids[7]]],
    ["hf:unsloth/medgemma-4b-it-GGUF/medgemma-4b-it-Q4_K_M.gguf#abc", []],
    ["hf:unsloth/medgemma-4b-it-GGUF:Q8_0", []],
    ["hf:unsloth/medgemma-4b", []],
    ["ollama:medgemma1", []],
    ["ollama:", []]
  ])("%s means %j", (wanted, expected) => {
    expect(matchIds(ids, wanted)).toEqual(expected);
  });
});
