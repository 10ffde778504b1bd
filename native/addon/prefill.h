// The bridge into node-llama-cpp's context: image tokens go into a sequence as embeddings. Together with
// src/language/image-prefill.ts this is all that knows node-llama-cpp's inside.
#pragma once

#include <napi.h>

namespace medgemma {

// checkContext(context, {contextSize, batchSize, sequences}): makes sure that `context` is an AddonContext of exactly the
// build that this addon was compiled against, and returns {embeddingSize}. Throws ADDON_MISMATCH.
Napi::Value check_context(const Napi::CallbackInfo & info);

// decodeImage(context, embeddings, sequenceId, position): decodes the tokens of one image, which see each other both ways.
//   embeddings  Float32Array (tokens, hidden size); position: of the first token in the sequence
// Returns {done, abort}: `done` rejects with ABORTED soon after `abort()`, and leaves the sequence as it was before.
// The caller holds node-llama-cpp's "context" lock and keeps the context from being disposed.
Napi::Value decode_image(const Napi::CallbackInfo & info);

} // namespace medgemma
