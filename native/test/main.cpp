// Runs every native test and tells which failed. Usage: medgemma-tests FIXTURES DEMO_MODEL [part of a name]
#include <cstdio>
#include <exception>
#include <utility>
#include <vector>

#include "test/test.h"

namespace medgemma::test {
namespace {

struct Registered {
    std::string name;
    std::function<void()> run;
};

std::vector<Registered> & tests() {
    static std::vector<Registered> registered; // filled by static objects of other files, so it must be made on first use
    return registered;
}

std::string fixtures_folder;
std::string demo_folder;

} // namespace

Test::Test(std::string name, std::function<void()> run) {
    tests().push_back({std::move(name), std::move(run)});
}

std::string fixture(const std::string & name) {
    return fixtures_folder + "/" + name;
}

std::string demo_model(const std::string & name) {
    return demo_folder + "/" + name;
}

int run_all(const std::string & wanted) {
    int passed = 0;
    int failed = 0;
    for (const auto & [name, run] : tests()) {
        if (name.find(wanted) == std::string::npos) {
            continue;
        }
        try {
            run();
            ++passed;
        } catch (const std::exception & error) {
            ++failed;
            std::printf("FAILED %s\n       %s\n", name.c_str(), error.what());
        }
    }
    std::printf("native: %d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}

} // namespace medgemma::test

int main(int count, char ** arguments) {
    if (count < 3) {
        std::fprintf(stderr, "usage: %s FIXTURES DEMO_MODEL [part of a name]\n", arguments[0]);
        return 2;
    }
    medgemma::test::fixtures_folder = arguments[1];
    medgemma::test::demo_folder = arguments[2];
    return medgemma::test::run_all(count > 3 ? arguments[3] : "");
}
