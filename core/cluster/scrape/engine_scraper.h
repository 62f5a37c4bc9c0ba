// Reading an engine's metrics over HTTP.
#pragma once

#include <memory>
#include <string>

#include "core/cluster/scrape/metrics_reading.h"

namespace moescope {

/// One address, looked at again and again.
class EngineScraper {
 public:
  /// @param address "http://HOST:PORT", with or without a path (/metrics). Throws Error when it is
  /// none.
  explicit EngineScraper(const std::string& address);
  ~EngineScraper();
  EngineScraper(const EngineScraper&) = delete;
  EngineScraper& operator=(const EngineScraper&) = delete;

  /// Throws Error when nobody answers within 10 s, the text takes longer than 10 s, the answer is
  /// not 200 or is larger than kMaxMetricsText.
  MetricsReading read();
  /// From another thread: a read that goes on fails at once.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moescope
