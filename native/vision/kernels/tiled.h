// The kernels as templates over an instruction set. Included by one source file for each set, which is compiled for it.
//
// What the headers below define is in unnamed namespaces and calls nothing from the standard library: a function that other
// files share might otherwise be taken from here, and crash on processors without these instructions.
#pragma once

#include "vision/kernels/attention.h"
#include "vision/kernels/instruction-set.h"
#include "vision/kernels/kernels.h"
#include "vision/kernels/limit.h"
#include "vision/kernels/linear.h"
#include "vision/kernels/pack.h"

namespace medgemma {
namespace {

template <InstructionSet Isa>
constexpr CpuKernels tiled_kernels() {
    CpuKernels k{};
    k.name = Isa::name;
    k.rounds = Isa::kPair == 2;
    k.packed_type = WeightPacking<Isa>::packed_type;
    k.packed_bytes = WeightPacking<Isa>::packed_bytes;
    k.pack = WeightPacking<Isa>::pack;
    k.linear_block = LinearKernel<Isa>::block;
    k.linear_scratch = LinearKernel<Isa>::scratch_bytes;
    k.linear = LinearKernel<Isa>::compute;
    k.packed_head_bytes = AttentionKernel<Isa>::head_bytes;
    k.key_block = AttentionKernel<Isa>::kKeys;
    k.pack_keys = AttentionKernel<Isa>::pack_keys;
    k.attention_block = AttentionKernel<Isa>::kQueries;
    k.attention_scratch = AttentionKernel<Isa>::scratch_bytes;
    k.attention = AttentionKernel<Isa>::compute;
    k.product_scratch = ProductLimit<Isa>::kScratchBytes;
    k.products = ProductLimit<Isa>::products;
    return k;
}

} // namespace
} // namespace medgemma
