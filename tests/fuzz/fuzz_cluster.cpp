// Any bytes as batches from a node: an Error or a trace that stands every analysis.
#include <cstring>
#include <string>

#include "core/cluster/live_trace.h"
#include "core/cluster/wire/batch.h"
#include "core/error.h"
#include "tests/fuzz/check_trace.h"

using namespace moescope;

/// Input: batches, each behind its length in two bytes, little end first. Run number 7.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kHeld = 1000;
  LiveTrace trace(kHeld);
  BatchReader reader(trace, "fuzz", 7);
  try {
    while (size >= 2) {
      const std::size_t length = std::min<std::size_t>(data[0] | data[1] << 8, size - 2);
      reader.read({reinterpret_cast<const char*>(data) + 2, length});
      data += 2 + length;
      size -= 2 + length;
    }
  } catch (const Error&) {
  }
  fuzz::check_trace(*trace.snapshot(), false);
  return 0;
}
