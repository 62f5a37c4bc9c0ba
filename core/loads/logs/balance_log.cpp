#include "core/loads/logs/balance_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "core/loads/files/load_file.h"
#include "core/loads/files/text_scan.h"
#include "core/placement/plan.h"

namespace moescope {
namespace {

constexpr std::string_view kSglang = "[Expert Balancedness]", kVllm = "EPLB step: ";
/// vllm-ascend up to 0.20 and since.
constexpr std::string_view kAscendOld = "[Expert Hotness]",
                           kAscend = "[eplb/worker] Expert hotness imbalance";
constexpr std::string_view kRebalance = "[EPLBManager]", kSkipped = "Skipped ep rebalancing";

/// What the engine measures, and which values it can have at all.
struct Measure {
  std::string_view text;
  bool higher_is_better;
  double most;
};
/// A little above 1 for what was rounded or has a small number added.
constexpr Measure kSglangMeasure = {"mean / max of GPU load (balancedness), mean over all layers",
                                    true, 1.01};
constexpr Measure kVllmMeasure = {
    "sum of mean / sum of max of GPU tokens over layers (balancedness)", true, 1.01};
constexpr Measure kAscendMeasure = {"max / mean of GPU load (imbalance)", false, kMaxPlanGpus};

bool is_ascend(std::string_view line) {
  return line.find(kAscend) != std::string_view::npos ||
         line.find(kAscendOld) != std::string_view::npos;
}

class LogReader {
 public:
  explicit LogReader(std::string source) { log_.source = std::move(source); }

  void read(std::string_view line, std::int64_t number) {
    line_ = number;
    if (line.find(kSglang) != std::string_view::npos)
      read_sglang(line);
    else if (line.find(kVllm) != std::string_view::npos)
      read_vllm(line);
    else if (is_ascend(line))
      read_ascend(line);
    else if (line.find(kRebalance) != std::string_view::npos ||
             line.find(kSkipped) != std::string_view::npos)
      read_event(line);
  }

  BalanceLog finish() {
    if (log_.series.empty())
      throw Error(log_.source, "",
                  broken_ > 0 ? fmt::format("none of its {} balance values is possible", broken_)
                              : "holds no balance line of SGLang, vLLM or vllm-ascend",
                  "SGLang prints them with --expert-balancedness-report-mode server_log (before "
                  "0.5.20 --enable-expert-distribution-metrics), vLLM with log_balancedness in "
                  "--eplb-config");
    if (broken_ > 0)
      log_.notes.push_back(fmt::format(
          "{} balance values were left out: cut off, nan, or impossible for what they measure",
          broken_));
    if (vllm_)
      log_.notes.push_back(
          "vLLM: until the fix of 2026 (vllm-project/vllm#51813) this value was computed over the "
          "layers instead of the ranks and is wrong whenever their numbers differ; the line does "
          "not say which version wrote it");
    return std::move(log_);
  }

 private:
  void add(std::string_view engine, const std::string& name, const Measure& measure,
           std::optional<double> step, std::optional<double> value) {
    if (!value || *value < 0 || *value > measure.most) {
      ++broken_;
      return;
    }
    auto found = std::find_if(log_.series.begin(), log_.series.end(),
                              [&](const auto& s) { return s.engine == engine && s.name == name; });
    if (found == log_.series.end()) {
      log_.series.push_back(
          {std::string(engine), name, std::string(measure.text), measure.higher_is_better, {}});
      found = log_.series.end() - 1;
    }
    const auto count = static_cast<std::int64_t>(found->points.size());
    const bool whole = step && *step >= 0 && *step < 1e15;
    last_step_ = whole ? static_cast<std::int64_t>(*step) : count;
    found->points.push_back({*last_step_, *value, line_});
  }

  void read_sglang(std::string_view line) {
    const auto step = number_after(line, "forward_pass_id=");
    add("SGLang", "current pass", kSglangMeasure, step,
        number_after(line, "current_pass_balancedness="));
    for (const int size : {10, 100, 1000})
      if (const auto mean = number_after(line, fmt::format("last_{}_average_balancedness=", size)))
        add("SGLang", fmt::format("mean of the last {} passes", size), kSglangMeasure, step, mean);
  }

  void read_vllm(std::string_view line) {
    vllm_ = true;
    const auto model = between(line, "for model ", ": ");
    add("vLLM", model ? "model " + std::string(*model) : "all", kVllmMeasure,
        number_after(line, kVllm), number_after(line, "balancedness="));
  }

  void read_ascend(std::string_view line) {
    const auto updated = std::min(line.find("Updated:"), line.find("updated:"));
    const std::array<std::string_view, 2> parts = {
        line.substr(0, updated),
        updated == std::string_view::npos ? std::string_view() : line.substr(updated)};
    const std::array<const char*, 2> when = {"before", "after (predicted)"};
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::string name = when[i];
      add("vllm-ascend", "mean over layers, " + name, kAscendMeasure, std::nullopt,
          number_after(parts[i], "mean="));
      add("vllm-ascend", "worst layer, " + name, kAscendMeasure, std::nullopt,
          number_after(parts[i], "max="));
    }
  }

  void read_event(std::string_view line) {
    const auto start = std::min(line.find(kRebalance), line.find(kSkipped));
    auto text = line.substr(start);
    log_.events.push_back(
        {std::string(text.substr(0, 200)), number_after(text, "time="), line_, last_step_});
  }

  BalanceLog log_;
  std::int64_t line_ = 0;
  std::optional<std::int64_t> last_step_;
  std::int64_t broken_ = 0;
  bool vllm_ = false;
};

}  // namespace

bool has_balance_lines(std::string_view text) {
  for (const auto mark : {kSglang, kVllm, kAscend, kAscendOld})
    if (text.find(mark) != std::string_view::npos) return true;
  return false;
}

BalanceLog parse_balance_log(std::string_view text, const std::string& source, Progress& progress) {
  LogReader reader(source);
  const auto size = static_cast<double>(std::max<std::size_t>(text.size(), 1));
  std::string_view rest = text, line;
  for (std::int64_t number = 1; next_line(rest, line); ++number) {
    if (number % 65536 == 0)
      progress.report(1 - static_cast<double>(rest.size()) / size, "reading the log");
    reader.read(line, number);
  }
  return reader.finish();
}

BalanceLog read_balance_log(const std::filesystem::path& path, Progress& progress) {
  LogReader reader(path.string());
  for_each_log_line(path, progress,
                    [&](std::string_view line, std::int64_t number) { reader.read(line, number); });
  return reader.finish();
}

}  // namespace moescope
