// Any text as a config.json: an Error, or a configuration whose sizes are usable and
// that, for the family that is also written, comes back the same.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "gpu/model/config.h"

using namespace moescope;

namespace {

std::optional<runtime::ModelConfig> parsed(std::string_view text) {
  try {
    return runtime::parse_config(std::string(text), "config.json");
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = parsed({reinterpret_cast<const char*>(data), size});
  if (!config) return 0;
  if (config->hidden <= 0 || config->layers <= 0 || config->vocab <= 0 || config->heads <= 0 ||
      config->top_k > config->experts || config->kv_width() <= 0)
    abort();
  if (!std::isfinite(config->softmax_scale()) || config->parameters() == 0) abort();
  if (config->family != "deepseek_v3") return 0;
  std::string text;
  try {
    text = runtime::config_json(*config);
  } catch (const Error&) {
    return 0;  // only plain ones are written
  }
  // What is written is read again, and is the same.
  const auto again = parsed(text);
  if (!again || runtime::config_json(*again) != text) abort();
  return 0;
}
