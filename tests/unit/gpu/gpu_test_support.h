// What the tests of the runtime share.
#pragma once

#include <memory>
#include <string>

#include "core/error.h"
#include "gpu/model/weights.h"
#include "tests/support/temp_folder.h"

namespace moescope::runtime::test {

using moescope::test::TempFolder;

/// One dense and two MoE layers with weights of `seed`; 16 experts in 4 groups.
std::shared_ptr<const Model> small_model(std::uint64_t seed);

/// The whole message of the Error that `action` throws, "" when it throws none.
template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace moescope::runtime::test
