#include "core/agent/agent_service.h"

#include <fmt/format.h>

#include <chrono>

#include "core/agent/metrics_poll.h"
#include "core/agent/serving_figures.h"
#include "core/cluster/wire/bounded_text.h"
#include "core/error.h"
#include "core/files.h"
#include "core/placement/validate.h"

namespace moescope {
namespace {

constexpr auto kReportInterval = std::chrono::milliseconds(100);
constexpr double kMostWait = 300;  ///< s that an apply waits for an engine
constexpr double kFreshMetrics = 3 * kMetricsInterval;
constexpr std::size_t kMaxState = std::size_t{64} << 20;
constexpr std::size_t kMostHeld = std::size_t{256}
                                  << 20;  ///< bytes of unfinished frames, of all peers

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
std::int64_t wall_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

AgentService::AgentService(std::uint64_t run, AgentRecorder& recorder, std::filesystem::path state,
                           std::function<void()> stop)
    : recorder_(recorder),
      watch_(run, &recorder),
      state_(std::move(state)),
      stop_(std::move(stop)) {
  std::error_code error;
  if (state_.empty() || !std::filesystem::exists(state_, error)) return;
  saved_ = read_text_file(state_, kMaxState);
  watch_.restore(saved_, state_.string());
}

void AgentService::leave() {
  std::lock_guard lock(mutex_);
  left_ = true;
  changed_.notify_all();
}

void AgentService::check_serving() {
  std::lock_guard lock(mutex_);
  if (left_) throw NotServing("the agent stops");
}

NodeStatus AgentService::status(bool with_plan) {
  std::lock_guard lock(mutex_);
  const double now = steady_seconds();
  NodeStatus out = watch_.status(with_plan, now);
  add_metrics(out, now);
  for (NodePlanChange& change : out.history)
    change.reason = bounded_text(change.reason, kMaxReasonBytes);
  if (!last_fault_.empty())
    out.notices.push_back("a rank was disconnected: " + bounded_text(last_fault_, kMaxReasonBytes));
  if (!not_saved_.empty()) out.notices.push_back("the state is not stored: " + not_saved_);
  return out;
}

void AgentService::served(const ScrapedEngine* engine, const std::string& fault) {
  std::lock_guard lock(mutex_);
  if (left_) return;
  not_served_ = bounded_text(fault, kMaxReasonBytes);
  if (engine == nullptr) return;
  served_ = *engine;
  served_at_ = steady_seconds();
  recorder_.served(*engine, served_at_);
}

/// Figures that are old are left out: an engine that is gone serves nobody.
void AgentService::add_metrics(NodeStatus& status, double now) const {
  if (!not_served_.empty())
    status.notices.push_back("the engine's metrics cannot be read: " + not_served_);
  if (!served_) return;
  if (now - served_at_ <= kFreshMetrics)
    add_serving(*served_, status);
  else
    status.notices.push_back(
        fmt::format("the engine's metrics were last read {:.0f} s ago", now - served_at_));
}

PlanOutcome AgentService::apply(const PlanRequest& request, const std::string& who,
                                const PlanListener& listener) {
  EngineWatch::Request wanted;
  wanted.who = bounded_text(who, kMaxNameBytes);
  wanted.name = request.name.empty() ? "plan" : bounded_text(request.name, kMaxNameBytes);
  wanted.base_epoch = request.base_epoch;
  wanted.dry_run = request.dry_run;
  std::string problem;
  try {
    PlanReading reading = parse_plan(request.plan_json, request.name);
    auto problems = reading.problems;
    if (!has_errors(problems)) problems = validate_plan(reading.plan);
    throw_on_errors(problems, wanted.name);
    wanted.plan = std::move(reading.plan);
  } catch (const Error& error) {
    problem = error.what();
  }
  std::unique_lock lock(mutex_);
  if (!problem.empty()) {
    PlanOutcome outcome;
    outcome.change.who = wanted.who;
    outcome.change.name = wanted.name;
    outcome.change.phase = PlanPhase::Refused;
    outcome.change.reason = bounded_text(problem, kMaxReasonBytes);
    outcome.change.base_epoch = outcome.change.epoch = watch_.epoch();
    return outcome;
  }
  auto proposal = watch_.propose(wanted, wall_ns(), steady_seconds());
  if (wanted.dry_run) return {!proposal.change.over(), proposal.change};
  return carry_out(std::move(proposal), lock, listener);
}

PlanOutcome AgentService::rollback(const std::string& who) {
  std::unique_lock lock(mutex_);
  return carry_out(watch_.roll_back(bounded_text(who, kMaxNameBytes), wall_ns(), steady_seconds()),
                   lock, {});
}

/// Sends the plan and waits until it is in force or will not be.
PlanOutcome AgentService::carry_out(EngineWatch::Proposal proposal,
                                    std::unique_lock<std::mutex>& lock,
                                    const PlanListener& listener) {
  if (proposal.change.over()) return {false, proposal.change};
  save();
  socket_->send(proposal.peer, std::move(proposal.send));
  const double end = steady_seconds() + kMostWait;
  for (;;) {
    const NodePlanChange* found = watch_.change(proposal.change.ticket);
    if (found == nullptr) throw Error("plan", "", "the change of plan is unknown");
    NodePlanChange now = *found;
    now.reason = bounded_text(now.reason, kMaxReasonBytes);
    if (now.over()) {
      save();
      return {now.in_force(), now};
    }
    if (left_) throw Error("agent", "", "stops; the engine decides without it");
    if (steady_seconds() > end)
      throw Error("plan", "",
                  fmt::format("is not decided after {:.0f} s: {}", kMostWait,
                              now.reason.empty() ? to_string(now.phase) : now.reason.c_str()),
                  "moescope status tells what becomes of it");
    if (listener) {
      lock.unlock();
      listener(now);  // ranks vote among themselves: there is no way to call them back
      lock.lock();
    }
    changed_.wait_for(lock, kReportInterval);
  }
}

void AgentService::report_effect(std::uint64_t ticket, const PlanEffect& effect) {
  std::lock_guard lock(mutex_);
  const NodePlanChange* change = watch_.change(ticket);
  if (change == nullptr || !change->in_force())
    throw Error("effect", "", fmt::format("change {} of the plan did not come into force", ticket),
                "moescope status shows the changes");
  watch_.set_effect(ticket, effect);
}

void AgentService::configure(const NodeSettings&) {
  throw Error("settings", "", "a serving engine is not configured through the agent",
              "Restart the engine with other flags");
}

void AgentService::stop() {
  stop_();
}

void AgentService::received(int peer, std::string_view bytes) {
  std::lock_guard lock(mutex_);
  if (left_) return;
  Peer& from =
      peers_.try_emplace(peer, Peer{EngineFrameReader("engine"), std::nullopt}).first->second;
  try {
    from.reader.feed(bytes);
    while (const auto frame = from.reader.next()) take(peer, from, *frame);
    std::size_t held = 0;
    for (const auto& [other, state] : peers_) held += state.reader.held();
    if (held > kMostHeld) throw Error("engine", "", "sends more than the agent can hold");
  } catch (const std::exception& error) {
    last_fault_ = error.what();
    watch_.gone(peer, steady_seconds());
    peers_.erase(peer);
    changed_.notify_all();
    throw;
  }
  changed_.notify_all();
}

void AgentService::take(int peer, Peer& from, const EngineFrame& frame) {
  auto message = parse_rank_message(frame, from.hello ? &*from.hello : nullptr, "engine");
  if (!message) return;
  if (auto* hello = std::get_if<RankHello>(&*message)) {
    watch_.hello(peer, *hello, steady_seconds());
    hello->map.clear();
    from.hello = std::move(*hello);
  } else {
    watch_.message(peer, *message, steady_seconds());
  }
}

void AgentService::gone(int peer) {
  std::lock_guard lock(mutex_);
  if (left_) return;
  peers_.erase(peer);
  watch_.gone(peer, steady_seconds());
  changed_.notify_all();
}

void AgentService::look() {
  std::lock_guard lock(mutex_);
  if (left_) return;
  watch_.look(steady_seconds());
  save();
  changed_.notify_all();
}

/// Writes the state when it changed. A disk that is full does not stop the engine: status says so.
void AgentService::save() {
  if (state_.empty()) return;
  std::string text = watch_.saved();
  if (text == saved_) return;
  try {
    write_text_file(state_, text);
    saved_ = std::move(text);
    not_saved_.clear();
  } catch (const Error& error) {
    not_saved_ = error.what();
  }
}

}  // namespace moescope
