// Any bytes as a rocpd database: an Error or a trace that stands every analysis.
#include <cstdlib>

#include "core/error.h"
#include "core/import/importer.h"
#include "tests/fuzz/check_trace.h"
#include "tests/fuzz/sqlite_input.h"

namespace {

const moescope::fuzz::SqliteInput& input() {
  static const moescope::fuzz::SqliteInput made(moescope::fuzz::image_of(
      moescope::fuzz::read_bytes(MOESCOPE_SOURCE_DIR "/tests/fuzz/rocpd.sql")));
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto path = input().write(data, size);
  moescope::Progress progress;
  moescope::TraceBuilder builder;
  try {
    const auto probe = moescope::probe_file(path);
    const auto& importer = *moescope::find_importer("rocpd");
    if (!importer.recognises(probe)) return 0;
    importer.import(probe, builder, {true, 1}, progress);
  } catch (const moescope::Error&) {
    return 0;
  }
  moescope::fuzz::check_trace(*builder.snapshot(), true);
  return 0;
}
