// Where tests find real data, and how they skip without it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace moescope::test {

/// Path of a file in ../shared/data.
inline std::filesystem::path shared_data(const std::string& name) {
  return std::filesystem::path(MOESCOPE_SHARED_DATA) / name;
}

}  // namespace moescope::test

/// Skips the test with a clear message when a file of ../shared/data is absent.
#define MOESCOPE_REQUIRE_DATA(name)                                                     \
  do {                                                                                  \
    if (!std::filesystem::exists(::moescope::test::shared_data(name)))                  \
      GTEST_SKIP() << "real data not present: " << ::moescope::test::shared_data(name); \
  } while (false)
