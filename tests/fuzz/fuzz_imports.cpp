// Any bytes as a trace of the importers without a target of their own: an Error or a trace that
// stands every analysis.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "core/error.h"
#include "core/import/importer.h"
#include "tests/fuzz/check_trace.h"

namespace {

/// The input as a file in memory.
std::filesystem::path as_file(const std::uint8_t* data, std::size_t size) {
  static const int fd = memfd_create("fuzz", 0);
  if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != static_cast<ssize_t>(size)) abort();
  return "/proc/self/fd/" + std::to_string(fd);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto path = as_file(data, size);
  for (const char* name : {"inspector", "flight", "perfetto"}) {
    const auto& importer = *moescope::find_importer(name);
    moescope::Progress progress;
    moescope::TraceBuilder builder;
    try {
      const auto probe = moescope::probe_file(path);
      if (!importer.recognises(probe)) continue;
      importer.import(probe, builder, {true, 1}, progress);
    } catch (const moescope::Error&) {
      continue;
    }
    moescope::fuzz::check_trace(*builder.snapshot(), true);
  }
  return 0;
}
