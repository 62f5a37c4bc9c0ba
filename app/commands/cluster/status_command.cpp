// moescope status: what a running node does.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "app/commands/cluster/apply_effect.h"
#include "app/commands/cluster/cluster_commands.h"
#include "app/commands/command.h"
#include "core/cluster/wire/hung_text.h"
#include "core/files.h"

namespace moescope {
namespace {

struct StatusOptions : NodeOptions {
  std::string plan;
};

/// Requests of a status, those that are told.
std::string requests_text(const NodeStatus& s) {
  std::string text;
  const auto add = [&](const std::optional<std::uint64_t>& count, const char* what) {
    if (count) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", *count, what);
  };
  add(s.arrived, "arrived");
  add(s.waiting, "waiting");
  add(s.decoding, "decoding");
  add(s.finished, "finished");
  return text.empty() ? "not told" : text;
}

std::string latency_text(double p50, double p95) {
  return p95 > 0 ? fmt::format("p50 {:.0f} ms, p95 {:.0f} ms", p50 * 1e3, p95 * 1e3) : "not told";
}

void print(const NodeStatus& s) {
  fmt::print("node       version {}, {} on {}, {} for {:.0f} s\n", s.version, s.model, s.backend,
             s.serving ? "serving" : "idle", s.seconds);
  if (!s.links.empty()) fmt::print("links      paced: {}\n", s.links);
  for (const std::string& line : hung_lines(s.hung)) fmt::print("HANGS      {}\n", line);
  fmt::print("plan       epoch {}\n", s.epoch);
  fmt::print("requests   {}\n", requests_text(s));
  if (s.cache_use) fmt::print("KV cache   {:.0f} % in use\n", *s.cache_use * 100);
  if (s.ttft_p95 > 0 || s.tpot_p95 > 0)
    fmt::print("TTFT       {}; TPOT {}\n", latency_text(s.ttft_p50, s.ttft_p95),
               latency_text(s.tpot_p50, s.tpot_p95));
  for (const NodeUnit& u : s.units) {
    const double worst =
        u.imbalance.empty() ? 0 : *std::max_element(u.imbalance.begin(), u.imbalance.end());
    fmt::print("{:<10} {} steps, ", to_string(u.kind), u.steps);
    if (u.kind == UnitKind::Mixed) {  // of an engine, which tells no workers
      fmt::print("{:.0f} per second", u.steps_per_second);
      if (u.tokens_per_second > 0) fmt::print(", {:.0f} tokens/s", u.tokens_per_second);
    } else {
      fmt::print("{:.0f} tokens/s, {} workers per rank ({} communicate)", u.tokens_per_second,
                 u.granted.workers, u.granted.communication);
    }
    if (worst > 0) fmt::print(", worst layer {:.2f} max/mean", worst);
    fmt::print("\n");
  }
  fmt::print("records    {} dropped{}\n", s.dropped,
             s.detail == RecordedDetail::Steps
                 ? "; detail reduced to step summaries, because a consumer cannot keep up"
                 : "");
  for (const std::string& notice : s.notices) fmt::print("notice     {}\n", notice);
  for (const ViewerStatus& v : s.viewers)
    fmt::print("viewer     {}: {} batches, {} dropped\n", v.peer, v.sent_batches,
               v.dropped_batches);
  for (const NodePlanChange& c : s.history) {
    fmt::print("change     {}\n", change_line(c, units_of(s)));
    if (!c.effect) continue;
    for (const auto& line : effect_lines(*c.effect)) fmt::print("           {}\n", line);
  }
}

void run(const StatusOptions& options) {
  const NodeStatus status = connect_node(options)->status(!options.plan.empty());
  if (!options.plan.empty()) write_text_file(options.plan, status.plan_json);
  if (!options.json) return print(status);
  Json document = {{"schema", 1}, {"target", options.target}};
  document.update(node_json(status));
  print_json(document);
}

}  // namespace

void register_status(CLI::App& app) {
  auto* command = app.add_subcommand(
      "status", "State of a running moescope-node, and effects of its changes of plan");
  auto options = std::make_shared<StatusOptions>();
  add_node_options(*command, *options);
  command->add_option("--save-plan", options->plan, "Write the running plan to this file");
  command->callback([options] { run(*options); });
}

}  // namespace moescope
