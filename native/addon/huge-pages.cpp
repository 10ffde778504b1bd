#include "addon/huge-pages.h"

#ifdef __linux__
#include <sys/mman.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#endif

namespace medgemma {

Napi::Value prefer_huge_pages(const Napi::CallbackInfo & info) {
#ifdef __linux__
    constexpr uintptr_t kMinBytes = 128U << 20U;
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        // "7f0a4c000000-7f0a5c000000 rw-p 00000000 00:00 0", and a name where it is a file, a stack or the heap
        uintptr_t begin = 0;
        uintptr_t end = 0;
        char dash = 0;
        std::string permissions, offset, device, inode, name;
        std::istringstream words(line);
        words >> std::hex >> begin >> dash >> end >> permissions >> offset >> device >> inode;
        if (!words || permissions != "rw-p" || inode != "0" || words >> name || end - begin < kMinBytes) {
            continue;
        }
        madvise(reinterpret_cast<void *>(begin), end - begin, MADV_HUGEPAGE);
    }
#endif
    return info.Env().Undefined();
}

} // namespace medgemma
