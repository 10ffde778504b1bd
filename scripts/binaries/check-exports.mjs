// Whether the libraries of a package of node-llama-cpp have all that an addon imports from them.
import { hostLibraryKind, isHostSymbol } from "./platforms.mjs";

/**
 * @param imports C symbols that the addon imports from llama.cpp and ggml
 * @param libraries [{ name, exports }] of the package
 * @returns what is wrong; empty when nothing is
 */
export function checkExports(imports, libraries) {
  const wanted = new Map();
  for (const { name, exports } of libraries) {
    const kind = hostLibraryKind(name);
    if (kind !== undefined) wanted.set(kind, new Set(exports));
  }
  const problems = ["llama", "ggml", "ggml-base"]
    .filter((kind) => !wanted.has(kind))
    .map((kind) => `there is no library ${kind}`);
  // llama_ lies in libllama; ggml_ and gguf_ in either of ggml's, all three of which the addon links.
  for (const symbol of imports.filter(isHostSymbol)) {
    const kinds = symbol.startsWith("llama_") ? ["llama"] : ["ggml", "ggml-base"];
    if (!kinds.some((kind) => wanted.get(kind)?.has(symbol)))
      problems.push(`${symbol} is not exported by ${kinds.join(" or ")}`);
  }
  return problems;
}
