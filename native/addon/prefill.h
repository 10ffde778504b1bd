// The bridge into node-llama-cpp's context: image tokens go into a sequence as embeddings. Its other side is
// src/language/host/image-prefill.ts.
#pragma once

#include <napi.h>

namespace medgemma {

// prepareContext(context, {contextSize, batchSize, sequences, threads}): makes sure that `context` is an AddonContext of
// exactly the build that this addon was compiled against, and makes its computations on the CPU stoppable. Returns
// {embeddingSize, setAborted, release}: while aborted, whatever the context decodes fails at its next step, node-llama-cpp's
// own batches included; release() frees the context's threads, once nothing computes with it. Throws ADDON_MISMATCH.
Napi::Value prepare_context(const Napi::CallbackInfo & info);

// decodeImage(context, embeddings, sequenceId, position): decodes the tokens of one image, which see each other both ways.
//   embeddings  Float32Array (tokens, hidden size); position: of the first token in the sequence
// Promise of nothing; rejects with ABORTED, CONTEXT_FULL or INTERNAL, and has then left cells in the sequence that the
// caller takes back. The caller holds node-llama-cpp's "context" lock and keeps the context from being disposed.
Napi::Value decode_image(const Napi::CallbackInfo & info);

// readLogits(context, index): the logits of one output of the batch that was decoded last, Float32Array (vocabulary).
// Called while node-llama-cpp maps the outputs of a batch, which it does under its "context" lock.
Napi::Value read_logits(const Napi::CallbackInfo & info);

} // namespace medgemma
