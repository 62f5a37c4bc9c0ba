// Any bytes as a rocpd database: an Error or a trace that stands every analysis.
#include "tests/fuzz/sqlite_input.h"

namespace {

const moescope::fuzz::SqliteInput& input() {
  static const moescope::fuzz::SqliteInput made(moescope::fuzz::image_of(
      moescope::fuzz::read_bytes(MOESCOPE_SOURCE_DIR "/tests/fuzz/rocpd.sql")));
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  moescope::fuzz::import_input(input(), "rocpd", data, size);
  return 0;
}
