/** The stores that are looked into, those first whose files are checked by hash. */
import { dockerModelRunner } from "./docker-model-runner.js";
import { huggingFaceCache } from "./hugging-face-cache.js";
import { jan } from "./jan.js";
import { llamaCppCache } from "./llama-cpp-cache.js";
import { lmStudio } from "./lm-studio.js";
import { nodeLlamaCpp } from "./node-llama-cpp.js";
import { ollama } from "./ollama.js";
import type { Store } from "./store.js";

export const allStores: readonly Store[] = [ollama, huggingFaceCache, dockerModelRunner, lmStudio, jan, llamaCppCache, nodeLlamaCpp];
