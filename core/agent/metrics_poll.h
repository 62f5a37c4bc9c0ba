// Looks at an engine's own metrics now and then.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "core/cluster/scrape/engine_figures.h"
#include "core/cluster/scrape/engine_scraper.h"

namespace moescope {

inline constexpr double kMetricsInterval = 5;  ///< s between two looks

/// On a thread of its own, from construction to destruction.
class MetricsPoll {
 public:
  /// Figures of a look, or why there are none.
  using Listener = std::function<void(const ScrapedEngine* engine, const std::string& fault)>;
  /// @param address as EngineScraper; throws Error when it is none
  MetricsPoll(const std::string& address, Listener listener);
  ~MetricsPoll();
  MetricsPoll(const MetricsPoll&) = delete;
  MetricsPoll& operator=(const MetricsPoll&) = delete;

 private:
  void run();
  void look();

  EngineScraper scraper_;
  Listener listener_;
  std::optional<double> tokens_;  ///< generated up to the last look
  double looked_ = 0;             ///< s, when that was
  std::mutex mutex_;              ///< guards the rest
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace moescope
