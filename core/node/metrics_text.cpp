#include "core/node/metrics_text.h"

#include <fmt/format.h>

#include <map>

namespace moescope {
namespace {

/// A label's value: quotes, backslashes and ends of lines are escaped.
std::string label(const std::string& text) {
  std::string out;
  for (const char c : text)
    if (c == '\n')
      out += "\\n";
    else
      out += (c == '"' || c == '\\') ? std::string{'\\', c} : std::string{c};
  return out;
}

class Lines {
 public:
  void family(const char* name, const char* type, const char* help) {
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <typename Value>
  void add(const char* name, const std::string& labels, Value value) {
    text_ += labels.empty() ? fmt::format("{} {}\n", name, value)
                            : fmt::format("{}{{{}}} {}\n", name, labels, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void add_units(Lines& lines, const NodeStatus& status) {
  lines.family("moescope_passes_total", "counter", "Forward passes of a unit");
  for (const NodeUnit& unit : status.units)
    lines.add("moescope_passes_total", fmt::format("unit=\"{}\"", to_string(unit.kind)),
              unit.steps);
  lines.family("moescope_passes_per_second", "gauge", "Forward passes a second");
  for (const NodeUnit& unit : status.units)
    lines.add("moescope_passes_per_second", fmt::format("unit=\"{}\"", to_string(unit.kind)),
              unit.steps_per_second);
  lines.family("moescope_imbalance", "gauge",
               "Maximum over mean of the GPUs' tokens, newest window; by row of the plan");
  for (const NodeUnit& unit : status.units)
    for (std::size_t row = 0; row < unit.imbalance.size(); ++row)
      lines.add("moescope_imbalance",
                fmt::format("unit=\"{}\",row=\"{}\"", to_string(unit.kind), row),
                unit.imbalance[row]);
}

void add_requests(Lines& lines, const NodeStatus& status) {
  const auto add = [&](const char* name, const char* type, const char* help, const auto& value) {
    if (!value) return;
    lines.family(name, type, help);
    lines.add(name, "", *value);
  };
  add("moescope_requests_arrived_total", "counter", "Requests that arrived", status.arrived);
  add("moescope_requests_finished_total", "counter", "Requests that finished", status.finished);
  add("moescope_requests_waiting", "gauge", "Requests that wait", status.waiting);
  add("moescope_requests_running", "gauge", "Requests that are decoded", status.decoding);
  add("moescope_kv_cache_use", "gauge", "Share of the KV cache in use", status.cache_use);
}

void add_latencies(Lines& lines, const NodeStatus& status) {
  const auto family = [&](const char* name, const char* help, double p50, double p95) {
    if (p95 <= 0) return;
    lines.family(name, "gauge", help);
    lines.add(name, "quantile=\"0.5\"", p50);
    lines.add(name, "quantile=\"0.95\"", p95);
  };
  family("moescope_time_to_first_token_seconds", "Time to the first token", status.ttft_p50,
         status.ttft_p95);
  family("moescope_time_per_output_token_seconds", "Time per output token", status.tpot_p50,
         status.tpot_p95);
}

}  // namespace

std::string metrics_text(const NodeStatus& status) {
  Lines lines;
  lines.family("moescope_info", "gauge", "What is watched");
  lines.add("moescope_info",
            fmt::format("version=\"{}\",model=\"{}\",backend=\"{}\"", label(status.version),
                        label(status.model), label(status.backend)),
            1);
  lines.family("moescope_serving", "gauge", "1 while passes are made");
  lines.add("moescope_serving", "", status.serving ? 1 : 0);
  lines.family("moescope_epoch", "gauge", "Number of the plan in force");
  lines.add("moescope_epoch", "", status.epoch);
  add_units(lines, status);
  lines.family("moescope_rank_tokens", "gauge", "Expert tokens of a rank in the newest window");
  for (const NodeRank& rank : status.ranks)
    lines.add("moescope_rank_tokens",
              fmt::format("unit=\"{}\",rank=\"{}\"", to_string(rank.unit), rank.rank), rank.tokens);
  lines.family("moescope_ranks", "gauge", "Ranks that report");
  lines.add("moescope_ranks", "", status.ranks.size());
  lines.family("moescope_hung_ranks", "gauge", "Ranks that hang now");
  lines.add("moescope_hung_ranks", "", status.hung.size());
  lines.family("moescope_dropped_records_total", "counter", "Records that were lost");
  lines.add("moescope_dropped_records_total", "", status.dropped);
  std::map<PlanPhase, int> phases;
  for (const NodePlanChange& change : status.history) ++phases[change.phase];
  lines.family("moescope_plan_changes", "gauge",
               "Changes of plan in the history, by how they ended");
  for (const auto& [phase, count] : phases)
    lines.add("moescope_plan_changes", fmt::format("phase=\"{}\"", to_string(phase)), count);
  add_requests(lines, status);
  add_latencies(lines, status);
  return lines.take();
}

}  // namespace moescope
