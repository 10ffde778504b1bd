#include "addon/state.h"

#include <string>

namespace medgemma {

Napi::Value State::error(Napi::Env env, const Error & error) const {
    if (error_class_.IsEmpty()) {
        return Napi::Error::New(env, std::string(error.code()) + ": " + error.what()).Value();
    }
    return error_class_.New({Napi::String::New(env, error.code()), Napi::String::New(env, error.what())});
}

void require(bool holds, const char * what) {
    if (!holds) {
        throw Error("INVALID_ARGUMENT", std::string("The native addon expected ") + what + ".");
    }
}

} // namespace medgemma
