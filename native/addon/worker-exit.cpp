#include "addon/worker-exit.h"

#if defined(__linux__) && defined(__LP64__)
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string_view>
#endif

namespace medgemma {

#if defined(__linux__) && defined(__LP64__)
namespace {

constexpr std::string_view kHost = "/llama-addon.node";

// node-llama-cpp is built for a Node-API before 10, where this status stands for both; an exception that is pending already
// has been asked for before.
napi_status throw_where_possible(napi_env env, napi_value error) {
    const napi_status status = napi_throw(env, error);
    return status == napi_pending_exception ? napi_ok : status;
}

// The tables that the dynamic linker works with. Their addresses are absolute with glibc, but relative to `base` with musl.
struct DynamicTables {
    const ElfW(Sym) * symbols = nullptr;
    const char * names = nullptr;
    const ElfW(Rela) * calls = nullptr;
    size_t n_calls = 0;

    DynamicTables(ElfW(Addr) base, const ElfW(Dyn) * entry) {
        const auto at = [&](ElfW(Addr) address) { return address < base ? base + address : address; };
        for (; entry->d_tag != DT_NULL; ++entry) {
            switch (entry->d_tag) {
                case DT_SYMTAB:
                    symbols = reinterpret_cast<const ElfW(Sym) *>(at(entry->d_un.d_ptr));
                    break;
                case DT_STRTAB:
                    names = reinterpret_cast<const char *>(at(entry->d_un.d_ptr));
                    break;
                case DT_JMPREL:
                    calls = reinterpret_cast<const ElfW(Rela) *>(at(entry->d_un.d_ptr));
                    break;
                case DT_PLTRELSZ:
                    n_calls = entry->d_un.d_val / sizeof(ElfW(Rela));
                    break;
                default:
                    break;
            }
        }
    }
};

// Where the library keeps the address of its napi_throw may be read-only after the start (RELRO), in whole pages.
void point_to_ours(ElfW(Addr) slot, const dl_phdr_info & library) {
    const auto page = static_cast<ElfW(Addr)>(sysconf(_SC_PAGESIZE));
    void * const first_byte = reinterpret_cast<void *>(slot & ~(page - 1));
    bool is_read_only = false;
    for (size_t i = 0; i < library.dlpi_phnum; ++i) {
        const ElfW(Phdr) & part = library.dlpi_phdr[i];
        const ElfW(Addr) begin = library.dlpi_addr + part.p_vaddr;
        is_read_only |= part.p_type == PT_GNU_RELRO && slot >= begin && slot < begin + part.p_memsz;
    }
    if (is_read_only && mprotect(first_byte, page, PROT_READ | PROT_WRITE) != 0) {
        return;
    }
    std::atomic_ref(*reinterpret_cast<void **>(slot)).store(reinterpret_cast<void *>(&throw_where_possible));
    if (is_read_only) {
        mprotect(first_byte, page, PROT_READ);
    }
}

int visit(dl_phdr_info * library, size_t, void *) {
    if (!std::string_view(library->dlpi_name).ends_with(kHost)) {
        return 0;
    }
    for (size_t i = 0; i < library->dlpi_phnum; ++i) {
        const ElfW(Phdr) & part = library->dlpi_phdr[i];
        if (part.p_type != PT_DYNAMIC) {
            continue;
        }
        const DynamicTables tables(library->dlpi_addr, reinterpret_cast<const ElfW(Dyn) *>(library->dlpi_addr + part.p_vaddr));
        for (size_t call = 0; call < tables.n_calls; ++call) {
            const ElfW(Rela) & relocation = tables.calls[call];
            const ElfW(Sym) & symbol = tables.symbols[ELF64_R_SYM(relocation.r_info)];
            if (std::string_view(tables.names + symbol.st_name) == "napi_throw") {
                point_to_ours(library->dlpi_addr + relocation.r_offset, *library);
            }
        }
    }
    return 0;
}

} // namespace
#endif

Napi::Value survive_worker_exit(const Napi::CallbackInfo & info) {
#if defined(__linux__) && defined(__LP64__)
    static std::mutex mutex; // two threads must not open and close the same page in turn
    const std::lock_guard lock(mutex);
    dl_iterate_phdr(visit, nullptr);
#endif
    return info.Env().Undefined();
}

} // namespace medgemma
