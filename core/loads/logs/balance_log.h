// Balance that serving engines print into their logs, as series.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/progress.h"

namespace moescope {

struct LoggedBalance {
  std::int64_t step = 0;  ///< forward pass or EPLB step as printed; else the count of lines
  double value = 0;
  std::int64_t line = 0;  ///< of the log, from 1
  friend bool operator==(const LoggedBalance&, const LoggedBalance&) = default;
};

/// One quantity that a log repeats.
struct BalanceSeries {
  std::string engine;   ///< "SGLang", "vLLM" or "vllm-ascend"
  std::string name;     ///< e.g. "current pass", "last 10 passes", "model m"
  std::string measure;  ///< what the values are, e.g. "mean / max over GPUs, mean over layers"
  bool higher_is_better = true;
  std::vector<LoggedBalance> points;
};

/// A rearrangement that the engine started, finished or skipped.
struct BalanceEvent {
  std::string text;
  std::optional<double> seconds;  ///< that it took
  std::int64_t line = 0;
  std::optional<std::int64_t> step;  ///< of the last balance before it
};

struct BalanceLog {
  std::string source;
  std::vector<BalanceSeries> series;
  std::vector<BalanceEvent> events;
  std::vector<std::string> notes;  ///< how to read the values
};

/// True for text with a line that read_balance_log() would take.
bool has_balance_lines(std::string_view text);
/// Lines of SGLang ("[Expert Balancedness]", "[EPLBManager]"), vLLM ("EPLB step:") and vllm-ascend
/// ("[eplb/worker] Expert hotness imbalance", before 0.23 "[Expert Hotness]"); all others are
/// skipped, and so are values that the measure cannot have. Throws Error when none is left.
BalanceLog read_balance_log(const std::filesystem::path& path, Progress& progress);
BalanceLog parse_balance_log(std::string_view text, const std::string& source, Progress& progress);

}  // namespace moescope
