#include "app/commands/cluster/attach_metrics.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "app/commands/command.h"
#include "app/commands/json_output.h"
#include "core/cluster/scrape/engine_figures.h"
#include "core/progress.h"

namespace moescope {
namespace {

using Clock = std::chrono::steady_clock;

Json scraped_json(const std::string& address, const ScrapedEngine& e) {
  return {{"schema", 1},
          {"target", address},
          {"read_only", true},
          {"engine", e.engine.empty() ? Json() : Json(e.engine)},
          {"model", e.model.empty() ? Json() : Json(e.model)},
          {"figures", e.samples},
          {"skipped_lines", e.skipped},
          {"requests", {{"running", nullable(e.running)}, {"waiting", nullable(e.waiting)}}},
          {"tokens_per_second", nullable(e.tokens_per_second)},
          {"cache_use", nullable(e.cache_use)},
          {"ttft_p50_s", nullable(e.ttft_p50)},
          {"ttft_p95_s", nullable(e.ttft_p95)},
          {"tpot_p50_s", nullable(e.tpot_p50)},
          {"tpot_p95_s", nullable(e.tpot_p95)},
          {"balancedness", nullable(e.balancedness)},
          {"missing", e.missing}};
}

void print_scraped(const std::string& address, const ScrapedEngine& e) {
  const auto text = [](const std::optional<double>& value, double scale, const char* unit) {
    return value ? fmt::format("{:.4g}{}", *value * scale, unit) : std::string("not told");
  };
  fmt::print("engine     {} at {}, by {} figures, read-only\n",
             e.engine.empty() ? "unknown" : e.engine, address, e.samples);
  if (!e.model.empty()) fmt::print("model      {}\n", e.model);
  fmt::print("requests   {} running, {} waiting\n", text(e.running, 1, ""), text(e.waiting, 1, ""));
  fmt::print("tokens     {}; KV cache {}\n", text(e.tokens_per_second, 1, " per second"),
             text(e.cache_use, 100, " %"));
  fmt::print("TTFT       p50 {}, p95 {}, since the start\n", text(e.ttft_p50, 1e3, " ms"),
             text(e.ttft_p95, 1e3, " ms"));
  fmt::print("TPOT       p50 {}, p95 {}, since the start\n", text(e.tpot_p50, 1e3, " ms"),
             text(e.tpot_p95, 1e3, " ms"));
  if (e.balancedness) fmt::print("balance    {:.3f} mean/max\n", *e.balancedness);
  for (const std::string& missing : e.missing) fmt::print("missing    {}\n", missing);
}

}  // namespace

void attach_metrics(const std::string& address, std::optional<double> seconds, bool json) {
  ScrapedEngine engine = engine_of(scrape(address));
  if (seconds) {
    const auto begin = Clock::now();
    const auto passed = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
    while (passed() < *seconds && !command_progress().cancelled())
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const auto first = engine.generated_tokens;
    engine = engine_of(scrape(address));
    // A counter that went back belongs to an engine that was restarted.
    if (first && engine.generated_tokens && *engine.generated_tokens >= *first)
      engine.tokens_per_second = (*engine.generated_tokens - *first) / passed();
  }
  if (json)
    print_json(scraped_json(address, engine));
  else
    print_scraped(address, engine);
}

}  // namespace moescope
