// A test is a function with a name that says what must hold; a failed check throws. No framework: it must build anywhere.
#pragma once

#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>

#include "error.h"

namespace medgemma::test {

// Adds a test to the list that main.cpp runs.
struct Test {
    Test(std::string name, std::function<void()> run);
};

// Folder of test/fixtures/native, and of models/demo.
std::string fixture(const std::string & name);
std::string demo_model(const std::string & name);

inline void check(bool holds, const std::string & what) {
    if (!holds) {
        throw std::runtime_error(what);
    }
}

// `run` must throw an Error of this code whose message contains `words`.
inline void check_throws(const std::string & code, const std::string & words, const std::function<void()> & run) {
    try {
        run();
    } catch (const Error & error) {
        const std::string found = std::string(error.code()) + ": " + error.what();
        check(error.code() == code && found.find(words) != std::string::npos,
              "expected " + code + " with \"" + words + "\", got " + found);
        return;
    }
    throw std::runtime_error("expected " + code + ", but nothing was thrown");
}

} // namespace medgemma::test
