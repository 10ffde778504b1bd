// Values on the way through the tower and its head.
#pragma once

#include <string>
#include <vector>

struct ggml_tensor;

namespace medgemma {

// A value that has a name in the paper, to be compared with other implementations.
struct Stage {
    std::string name;
    ggml_tensor * tensor; // (rows, width)
};
using Stages = std::vector<Stage>;

} // namespace medgemma
