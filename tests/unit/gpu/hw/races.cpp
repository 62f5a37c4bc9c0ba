#include "tests/unit/gpu/hw/races.h"

#include <atomic>

namespace {

std::atomic<int> expecting{0}, races{0};

}  // namespace

#if defined(__SANITIZE_THREAD__)
// Hooks of ThreadSanitizer's runtime.
namespace __tsan {
class ReportDesc;
/// True: the report is neither printed nor counted as a failure.
bool OnReport(const ReportDesc*, bool suppressed) {
  if (expecting == 0) return suppressed;
  ++races;
  return true;
}
}  // namespace __tsan

/// Each planted bug has its reports, also where it races as another one did.
extern "C" const char* __tsan_default_options() {
  return "suppress_equal_stacks=0:suppress_equal_addresses=0";
}
#endif

namespace moescope::runtime::test {

ExpectedRaces::ExpectedRaces() {
  races = 0;
  ++expecting;
}

ExpectedRaces::~ExpectedRaces() {
  --expecting;
}

int ExpectedRaces::count() const {
  return races;
}

}  // namespace moescope::runtime::test
