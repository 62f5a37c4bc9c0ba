#include <fmt/format.h>
#include <httplib.h>

#include "core/cluster/scrape/engine_figures.h"
#include "core/error.h"

namespace moescope {

MetricsReading scrape(const std::string& address) {
  constexpr const char* kScheme = "http://";
  constexpr time_t kSeconds = 10;
  if (address.rfind(kScheme, 0) != 0)
    throw Error(address, "", "is not an address of the form http://HOST:PORT");
  const std::size_t slash = address.find('/', std::string(kScheme).size());
  const std::string path = slash == std::string::npos || slash + 1 == address.size()
                               ? "/metrics"
                               : address.substr(slash);
  httplib::Client client(address.substr(0, slash));
  if (!client.is_valid())
    throw Error(address, "", "is not an address of the form http://HOST:PORT");
  client.set_connection_timeout(kSeconds);
  client.set_read_timeout(kSeconds);
  std::string text;
  bool too_long = false;
  const auto reply = client.Get(path.c_str(), [&](const char* bytes, std::size_t size) {
    too_long = text.size() + size > kMaxMetricsText;
    if (!too_long) text.append(bytes, size);
    return !too_long;
  });
  if (too_long)
    throw Error(address, path, fmt::format("is larger than {} MiB", kMaxMetricsText >> 20));
  if (!reply)
    throw Error(address, path, "does not answer: " + httplib::to_string(reply.error()),
                "Name the engine's API server");
  constexpr int kOk = 200;
  if (reply->status != kOk)
    throw Error(address, path, fmt::format("answers with status {}", reply->status),
                "Start SGLang with --enable-metrics; vLLM has /metrics by itself");
  return read_metrics(text, address + path);
}

}  // namespace moescope
