// A whole file, read-only, mapped into memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

namespace medgemma {

class MappedFile {
public:
    // Throws MODEL_NOT_FOUND when there is no such file, FILE_UNUSABLE when it cannot be read. `path` is UTF-8.
    explicit MappedFile(const std::string & path);
    ~MappedFile();
    MappedFile(const MappedFile &) = delete;
    MappedFile & operator=(const MappedFile &) = delete;

    std::span<const uint8_t> bytes() const { return bytes_; }

    // Gives the memory of a part back to the system; it is read from the file again when it is wanted again.
    void forget(std::span<const uint8_t> part) const;

private:
    std::span<const uint8_t> bytes_;
};
static_assert(!std::is_copy_constructible_v<MappedFile>);

} // namespace medgemma
