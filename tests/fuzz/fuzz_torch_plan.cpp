// Any bytes as the data.pkl of a torch archive that is read as a placement, and as loads with all
// that a user can say about them: an Error, or a map within its bounds.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "core/error.h"
#include "core/loads/read/formats.h"
#include "core/loads/read/torch_plan.h"
#include "core/placement/plan.h"
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
    for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(i % 8 == 0 ? i / 8 % 11 : 0);
    return bytes;
  }();
  return moescope::test::torch_archive(pickle, {storage, storage, storage});
}

void read_plan(const std::filesystem::path& path) {
  moescope::Progress progress;
  try {
    const auto plan = moescope::read_torch_plan(path, progress);
    if (plan.map.empty() || plan.map.size() > moescope::kMaxPlanLayers) abort();
    for (const auto& row : plan.map)
      for (const int e : row)
        if (e < -1 || e >= moescope::kMaxPlanExperts) abort();
  } catch (const moescope::Error&) {
  }
}

void read_loads_as(const std::filesystem::path& path, const moescope::LoadReading& reading) {
  moescope::Progress progress;
  try {
    const auto loads = moescope::load_formats::read_sglang_pt(path, progress, reading);
    if (loads.windows.empty() || loads.layers() < 1) abort();
    for (const auto& row : loads.windows[0])
      for (const double v : row)
        if (!(v >= 0)) abort();
  } catch (const moescope::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  using Arrays = moescope::LoadReading::Arrays;
  moescope::LoadReading reading;
  reading.arrays = data[0] % 3 == 0   ? Arrays::Counts
                   : data[0] % 3 == 1 ? Arrays::Routes
                                      : Arrays::FromContent;
  reading.in_order = data[0] % 2 == 0;
  const auto path =
      as_file(archive_of(std::string(reinterpret_cast<const char*>(data) + 1, size - 1)));
  read_plan(path);
  read_loads_as(path, reading);
  return 0;
}
