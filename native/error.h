// The one exception type of the native core: a message for people and a code for programs.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace medgemma {

// `code` is a literal, one of the codes in src/errors.ts (test/native/error-codes.test.ts compares them); addon/ hands it to
// JavaScript unchanged.
class Error : public std::runtime_error {
public:
    Error(const char * code, const std::string & message) : std::runtime_error(message), code_(code) {}

    const char * code() const { return code_; }

private:
    const char * code_; // a string literal
};

} // namespace medgemma
