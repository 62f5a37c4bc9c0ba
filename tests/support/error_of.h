// What an Error says.
#pragma once

#include <string>

#include "core/error.h"

namespace moescope::test {

/// The message of the Error that `work` throws.
template <typename Work>
std::string error_of(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace moescope::test
