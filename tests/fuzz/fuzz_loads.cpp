// Any bytes as a load dump: an Error, or loads that metrics and the evaluator can take. Bytes that
// begin like a pickle become the data.pkl of a torch archive, so that checksums hide nothing.
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "core/error.h"
#include "core/loads/load_set.h"
#include "core/loads/metrics.h"
#include "tests/support/torch_writer.h"

namespace {

std::filesystem::path as_file(const std::string& bytes) {
  static const int fd = memfd_create("fuzz", 0);
  if (ftruncate(fd, 0) != 0 ||
      pwrite(fd, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    abort();
  return "/proc/self/fd/" + std::to_string(fd);
}

std::string archive_of(const std::string& pickle) {
  static const std::string storage = [] {
    std::string bytes;
    for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(i % 4 == 0 ? i / 4 % 7 : 0);
    return bytes;
  }();
  return moescope::test::torch_archive(pickle, {storage, storage});
}

/// What every LoadSet promises.
void check(const moescope::LoadSet& loads) {
  if (loads.windows.empty() || loads.layers() < 1 || loads.experts < 1) abort();
  for (const auto& window : loads.windows) {
    if (static_cast<int>(window.size()) != loads.layers()) abort();
    for (const auto& row : window) {
      if (static_cast<int>(row.size()) != loads.experts) abort();
      for (const double v : row)
        if (!std::isfinite(v) || v < 0) abort();
      const auto u = moescope::unevenness(row);
      if (!std::isfinite(u.max_over_mean) || !std::isfinite(u.gini)) abort();
    }
  }
  if (!loads.layer_ids.empty() && static_cast<int>(loads.layer_ids.size()) != loads.layers())
    abort();
  if (loads.running_map && static_cast<int>(loads.running_map->size()) != loads.layers()) abort();
  const auto groups = moescope::group_windows(loads, 3);
  if (groups.empty() || groups.size() > loads.windows.size()) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  moescope::Progress progress;
  try {
    check(moescope::read_loads(as_file(bytes.starts_with('\x80') ? archive_of(bytes) : bytes),
                               progress));
  } catch (const moescope::Error&) {
  }
  return 0;
}
