// Where an operation stands in the text of a kernel.
#pragma once

#include <cstdint>

namespace moescope::runtime::hw {

/// std::source_location, which clang 14 does not have with Debian's standard library.
class Site {
 public:
  constexpr Site() = default;
  /// As a default argument: the place of the call.
  static constexpr Site current(const char* file = __builtin_FILE(),
                                std::uint32_t line = __builtin_LINE()) {
    Site site;
    site.file_ = file;
    site.line_ = line;
    return site;
  }
  constexpr const char* file_name() const { return file_; }
  constexpr std::uint32_t line() const { return line_; }

 private:
  const char* file_ = "";
  std::uint32_t line_ = 0;
};

}  // namespace moescope::runtime::hw
