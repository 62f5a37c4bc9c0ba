// Any text as a reply with routed experts, or any bytes as the values in one: an Error, or routes
// whose windows count them. The first two bytes are the user's options for the shape.
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "core/error.h"
#include "core/loads/read/formats.h"
#include "tests/support/engine_dumps.h"

namespace {

void check(const moescope::LoadSet& loads) {
  const auto& routes = loads.routes;
  if (loads.windows.empty() || routes.tokens() == 0 || routes.layers != loads.layers()) abort();
  double named = 0, counted = 0;
  for (const auto e : routes.experts) {
    if (e < -1 || e >= loads.experts) abort();
    named += e >= 0 ? 1 : 0;
  }
  for (const auto& window : loads.windows)
    for (const auto& row : window)
      for (const double v : row) counted += v;
  if (named != counted) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  moescope::LoadReading reading;
  if ((data[0] & 1) != 0) reading.top_k = 1 + data[1] % 8;
  if ((data[0] & 2) != 0) reading.layers = 1 + data[1] / 8 % 8;
  std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
  if ((data[0] & 4) != 0)
    text = R"({"meta_info":{"prompt_tokens":)" + std::to_string(data[1]) +
           R"(,"completion_tokens":1,"routed_experts":")" + moescope::test::base64_text(text) +
           "\"}}";
  try {
    check(moescope::load_formats::read_replies(text, "fuzz", reading));
  } catch (const moescope::Error&) {
  }
  return 0;
}
