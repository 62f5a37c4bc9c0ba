#include "app/commands/cluster/effect_run.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "app/commands/command.h"
#include "core/error.h"
#include "core/import/open.h"
#include "core/open/file_kind.h"
#include "core/trace/sink.h"

namespace moescope {
namespace {

TimeNs nanoseconds(double seconds) {
  return static_cast<TimeNs>(seconds * 1e9);
}

/// A recording of the node, or a load dump, instead of watching the node.
LiveSnapshotPtr read_recorded(const std::string& file) {
  auto recorded = std::make_shared<LiveSnapshot>();
  for (LoadSet& set : read_load_sets(file, command_progress()))
    recorded->loads.push_back(std::make_shared<const LoadSet>(std::move(set)));
  if (kind_of_file(file) != FileKind::Recording) {
    recorded->trace = TraceBuilder().snapshot();
    return recorded;
  }
  recorded->trace = open_trace({file}, {}, command_progress());
  recorded->steps = read_serving(*recorded->trace).steps;
  return recorded;
}

}  // namespace

EffectRun::EffectRun(const EffectOptions& options, std::shared_ptr<ClusterClient> client)
    : options_(options),
      client_(std::move(client)),
      meter_(options.measure ? nanoseconds(*options.measure) : kEffectWindow) {}

void EffectRun::predict(const NodeStatus& status, const Plan& running, const Plan& plan) {
  const bool file = !options_.loads.empty();
  if (!file && !options_.measure) return;
  const RuleSet rules = options_.rules.empty() ? RuleSet::built_in() : read_rules(options_.rules);
  // Even when a file has the time before: recording must have begun before the change.
  if (options_.measure) source_.emplace(client_, LiveOptions{});
  if (file)
    meter_.feed(&status, read_recorded(options_.loads));
  else
    watch("watching the running plan", *options_.measure, [] { return false; });
  meter_.begin(running, plan, rules);
  work();
}

void EffectRun::follow(std::uint64_t ticket) {
  if (effect() == nullptr) return;
  keep(ticket);
  if (!options_.measure) return;
  feed();
  meter_.in_force(ticket);
  // The last records take a moment until they are here; an idle node has none.
  constexpr double kPatience = 5;
  const double seconds = *options_.measure + static_cast<double>(kEffectSettle) / 1e9;
  watch("measuring the new plan", seconds + kPatience, [this] { return meter_.complete(); });
  keep(ticket);
}

void EffectRun::feed() {
  const NodeStatus status = client_->status();
  meter_.feed(&status, source_->snapshot());
}

void EffectRun::work() {
  while (const auto due = meter_.next_work()) meter_.finish(due->run(command_progress()));
}

/// Waits until it is done, at most this many seconds.
void EffectRun::watch(const char* doing, double seconds, const std::function<bool()>& done) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kPause = std::chrono::milliseconds(200);
  const auto begin = Clock::now();
  const auto passed = [begin] {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  while (!done() && passed() < seconds) {
    command_progress().report(passed() / seconds, doing);
    std::this_thread::sleep_for(kPause);
    const LiveFigures now = source_->figures();
    if (now.state == LiveState::Lost || now.state == LiveState::Ended)
      throw Error(client_->target(), "", "the node was lost: " + now.reason);
    feed();
    work();
  }
}

void EffectRun::keep(std::uint64_t ticket) const {
  try {
    client_->report_effect(ticket, *effect());
  } catch (const Error& error) {
    fmt::print(stderr, "note: moescope status will not show these figures: {}\n", error.problem());
  }
}

}  // namespace moescope
