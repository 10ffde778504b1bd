import { describe, expect, it } from "vitest";
import { lastWords } from "../../src/trial/last-words.js";

describe("the last words of a process", () => {
  it.each([
    ["nothing", "", null],
    [
      "white space and warnings",
      "\n \r\nWARNING: lavapipe is not a conformant vulkan implementation\nggml_vulkan: WARNING: no extension\n",
      null
    ],
    ["the only line there is", "device lost.\n", "device lost"],
    [
      "the line that tells why, not the first one",
      "ggml_cuda_init: found 1 device\nCUDA error: out of memory\n  in function alloc\n",
      "CUDA error: out of memory"
    ],
    [
      "what llama.cpp complained of, not where",
      "llama.cpp ended the process: CUDA error: no kernel\n/build/ggml-cuda.cu:98: CUDA error\n",
      "CUDA error: no kernel"
    ],
    [
      "the place in the code, without the folders of another machine",
      "/home/runner/work/ggml/src/ggml.c:12: GGML_ASSERT(a) failed\n",
      "ggml.c:12: GGML_ASSERT(a) failed"
    ],
    [
      "the same of Windows",
      "D:\\a\\src\\ggml-vulkan.cpp:7: GGML_ASSERT failed\r\n",
      "ggml-vulkan.cpp:7: GGML_ASSERT failed"
    ],
    [
      "an uncaught error of Node, not its stack",
      "node:internal/errors:5\n    at foo (node:fs:1)\nError: cannot open\n    at bar\n",
      "Error: cannot open"
    ],
    ["what a terminal would obey", "\u001b[31merror:\u0007 bad\u001b[0m\n", "[31merror:  bad [0m"]
  ])("are %s", (_what, stderr, words) => {
    expect(lastWords(stderr)).toBe(words);
  });

  it("are at most 200 characters", () => {
    expect(lastWords(`error: ${"x".repeat(1000)}`)).toHaveLength(200);
  });
});
