#include "gguf/mapped-file.h"

#include <filesystem>

#include "error.h"

#ifdef _WIN32
#define NOMINMAX
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#endif

namespace medgemma {
namespace {

[[noreturn]] void fail_not_found(const std::string & path) {
    throw Error("MODEL_NOT_FOUND", "There is no model file " + path + ". Check the path.");
}

[[noreturn]] void fail_unusable(const std::string & path, const std::string & why) {
    throw Error("FILE_UNUSABLE", "Cannot read " + path + ": " + why + ".");
}

} // namespace

#ifdef _WIN32

namespace {

struct Handle {
    HANDLE value;
    ~Handle() {
        if (value != nullptr && value != INVALID_HANDLE_VALUE) {
            CloseHandle(value);
        }
    }
};

} // namespace

MappedFile::MappedFile(const std::string & path) {
    const std::filesystem::path native_path(std::u8string(path.begin(), path.end()));
    std::error_code ignored;
    if (std::filesystem::is_directory(native_path, ignored)) {
        fail_unusable(path, "it is a directory; name the .gguf file in it");
    }
    const Handle file{CreateFileW(native_path.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                                  FILE_ATTRIBUTE_NORMAL, nullptr)};
    if (file.value == INVALID_HANDLE_VALUE) {
        const DWORD reason = GetLastError();
        if (reason == ERROR_FILE_NOT_FOUND || reason == ERROR_PATH_NOT_FOUND) {
            fail_not_found(path);
        }
        fail_unusable(path, "Windows error " + std::to_string(reason));
    }
    LARGE_INTEGER size{};
    if (!GetFileSizeEx(file.value, &size)) {
        fail_unusable(path, "Windows error " + std::to_string(GetLastError()));
    }
    if (size.QuadPart == 0) {
        return; // an empty file cannot be mapped
    }
    const Handle mapping{CreateFileMappingW(file.value, nullptr, PAGE_READONLY, 0, 0, nullptr)};
    const void * start = mapping.value == nullptr ? nullptr : MapViewOfFile(mapping.value, FILE_MAP_READ, 0, 0, 0);
    if (start == nullptr) {
        fail_unusable(path, "Windows error " + std::to_string(GetLastError()));
    }
    bytes_ = {static_cast<const uint8_t *>(start), static_cast<size_t>(size.QuadPart)};
}

MappedFile::~MappedFile() {
    if (!bytes_.empty()) {
        UnmapViewOfFile(bytes_.data());
    }
}

void MappedFile::forget(std::span<const uint8_t>) const {} // Windows takes pages of a mapped file by itself

#else

namespace {

struct FileDescriptor {
    int value;
    ~FileDescriptor() {
        if (value >= 0) {
            close(value);
        }
    }
};

} // namespace

MappedFile::MappedFile(const std::string & path) {
    // O_NONBLOCK: opening a named pipe must not wait for a writer.
    const FileDescriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (file.value < 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            fail_not_found(path);
        }
        fail_unusable(path, std::strerror(errno));
    }
    struct stat status {};
    if (fstat(file.value, &status) != 0) {
        fail_unusable(path, std::strerror(errno));
    }
    if (S_ISDIR(status.st_mode)) {
        fail_unusable(path, "it is a directory; name the .gguf file in it");
    }
    if (!S_ISREG(status.st_mode)) {
        fail_unusable(path, "it is not a regular file");
    }
    if (status.st_size == 0) {
        return; // an empty file cannot be mapped
    }
    const size_t size = static_cast<size_t>(status.st_size);
    void * start = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.value, 0);
    if (start == MAP_FAILED) {
        fail_unusable(path, std::strerror(errno));
    }
    bytes_ = {static_cast<const uint8_t *>(start), size};
}

MappedFile::~MappedFile() {
    if (!bytes_.empty()) {
        munmap(const_cast<uint8_t *>(bytes_.data()), bytes_.size());
    }
}

void MappedFile::forget(std::span<const uint8_t> part) const {
    // Whole pages only: the others belong to neighbours as well.
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    const uintptr_t begin = (reinterpret_cast<uintptr_t>(part.data()) + page - 1) / page * page;
    const uintptr_t end = reinterpret_cast<uintptr_t>(part.data() + part.size()) / page * page;
    if (begin < end) {
        madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
    }
}

#endif

} // namespace medgemma
