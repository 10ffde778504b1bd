// Large pages for large memory, where Linux gives them only to those who ask ("madvise", the default of most systems).
#pragma once

#include <napi.h>

namespace medgemma {

// preferHugePages(): asks for pages of 2 MB for every anonymous mapping of 128 MB and more, as those that llama.cpp has just
// got for weights but not filled yet. Generation reads all weights for every token: with pages of 4 KB a tenth of the time
// goes into finding them. Does nothing elsewhere.
Napi::Value prefer_huge_pages(const Napi::CallbackInfo & info);

} // namespace medgemma
