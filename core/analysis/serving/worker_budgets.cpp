#include "core/analysis/serving/worker_budgets.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace moescope {
namespace {

/// Names of the spans, and how those of their tracks end.
constexpr std::string_view kBudget = "worker budget";

std::optional<double> granted(std::string_view args) {
  const auto json = nlohmann::json::parse(args, nullptr, false);
  const nlohmann::json::json_pointer path("/granted/communication");
  if (!json.is_object() || !json.contains(path) || !json.at(path).is_number()) return std::nullopt;
  return json.at(path).get<double>();
}

}  // namespace

std::optional<double> communication_workers(const Trace& trace, TimeRange window) {
  double sum = 0, time = 0;
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    if (!trace.tracks()[track].name.ends_with(kBudget)) continue;
    trace.visit_chunks(track, window, [&](const SpanChunk& chunk, std::uint32_t) {
      const std::vector<std::string> args = chunk.args().rows();
      for (std::size_t row = 0; row < std::min(chunk.size(), args.size()); ++row) {
        const Span span = chunk.columns().at(row);
        const auto inside = static_cast<double>(std::min(span.end(), window.end) -
                                                std::max(span.start, window.begin));
        const auto workers = granted(args[row]);
        if (!workers || inside <= 0) continue;
        sum += *workers * inside;
        time += inside;
      }
      return true;
    });
  }
  if (time <= 0) return std::nullopt;
  return sum / time;
}

}  // namespace moescope
