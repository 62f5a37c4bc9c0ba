#include "core/cluster/scrape/engine_scraper.h"

#include <fmt/format.h>
#include <httplib.h>

#include <atomic>
#include <chrono>

#include "core/cluster/scrape/engine_figures.h"
#include "core/error.h"

namespace moescope {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr time_t kSeconds = 10, kConnectSeconds = 5;

std::string origin_of(const std::string& address) {
  if (address.rfind(kScheme, 0) != 0)
    throw Error(address, "", "is not an address of the form http://HOST:PORT");
  return address.substr(0, address.find('/', kScheme.size()));
}

std::string path_of(const std::string& address) {
  const std::size_t slash = address.find('/', kScheme.size());
  return slash == std::string::npos || slash + 1 == address.size() ? "/metrics"
                                                                   : address.substr(slash);
}

}  // namespace

struct EngineScraper::State {
  explicit State(const std::string& name)
      : address(name), client(origin_of(name)), path(path_of(name)) {}
  std::string address;
  httplib::Client client;
  std::string path;
  std::atomic<bool> stopped{false};
};

EngineScraper::EngineScraper(const std::string& address)
    : state_(std::make_unique<State>(address)) {
  if (!state_->client.is_valid())
    throw Error(address, "", "is not an address of the form http://HOST:PORT");
  state_->client.set_connection_timeout(kConnectSeconds);
  state_->client.set_read_timeout(kSeconds);
  state_->client.set_write_timeout(kSeconds);
}

EngineScraper::~EngineScraper() = default;

void EngineScraper::stop() {
  state_->stopped = true;
  state_->client.stop();
}

MetricsReading EngineScraper::read() {
  const std::string &address = state_->address, &path = state_->path;
  // The timeout of the client is one of a single read: a peer that drips would hold it for ever.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(kSeconds);
  std::string text;
  bool too_long = false, too_slow = false;
  const auto reply = state_->client.Get(path.c_str(), [&](const char* bytes, std::size_t size) {
    too_long = text.size() + size > kMaxMetricsText;
    too_slow = std::chrono::steady_clock::now() > end;
    if (!too_long) text.append(bytes, size);
    return !too_long && !too_slow && !state_->stopped;
  });
  if (too_long)
    throw Error(address, path, fmt::format("is larger than {} MiB", kMaxMetricsText >> 20));
  if (too_slow) throw Error(address, path, fmt::format("takes longer than {} s", kSeconds));
  if (!reply)
    throw Error(address, path, "does not answer: " + httplib::to_string(reply.error()),
                "Name the engine's API server");
  constexpr int kOk = 200;
  if (reply->status != kOk)
    throw Error(address, path, fmt::format("answers with status {}", reply->status),
                "Start SGLang with --enable-metrics; vLLM has /metrics by itself");
  return read_metrics(text, address + path);
}

MetricsReading scrape(const std::string& address) {
  return EngineScraper(address).read();
}

}  // namespace moescope
