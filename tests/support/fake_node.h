// A node without a runtime: answers from memory and publishes what the test gives it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/cluster/live_source.h"
#include "core/cluster/publisher.h"
#include "core/cluster/wire/transport.h"
#include "core/error.h"
#include "core/version.h"

namespace moescope::test {

class FakeControl final : public NodeControl {
 public:
  void check_serving() override {
    ++asked;
    if (!serving) throw NotServing("the node is starting");
  }
  NodeStatus status(bool with_plan) override {
    std::lock_guard lock(mutex);
    NodeStatus s;
    s.version = program_version();
    s.model = "fake";
    s.backend = "cpu";
    s.epoch = epoch;
    s.overlap = overlap;
    s.units = {{UnitKind::Prefill, 3, 1.5, 20, {1.25, 1}, {4, 1}, {4, 1}, {3, 1}},
               {UnitKind::Decode, 4}};
    s.ranks = {{0, 0, UnitKind::Prefill, 0, 12}, {1, 1, UnitKind::Decode, 2, 7}};
    s.hung = {{1, 42, "host-2", 3.5, HangReason::Blocked}};
    s.history = history;
    if (with_plan) {
      s.plan_json = "{}";
      s.previous_plan_json = "{\"before\":1}";
    }
    return s;
  }
  PlanOutcome apply(const PlanRequest& request, const std::string& who,
                    const PlanListener& listener) override {
    ++applying;
    std::lock_guard lock(mutex);
    NodePlanChange change{1, who, request.name, PlanPhase::Preparing};
    change.base_epoch = change.epoch = epoch;
    if (request.base_epoch && *request.base_epoch != epoch) {
      change.phase = PlanPhase::Refused;
      change.reason = "the base epoch is stale";
      return {false, change};
    }
    change.bytes_total = 100;
    change.bytes_done = 50;
    bool wanted = true;
    if (listener) wanted = listener(change);
    for (int i = 0; slow && !undo && i < 5000; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    change.phase = wanted && !undo ? PlanPhase::Released : PlanPhase::RolledBack;
    if (change.in_force()) change.epoch = ++epoch;
    history.push_back(change);
    return {change.in_force(), change};
  }
  PlanOutcome rollback(const std::string& who) override {
    undo = true;
    NodePlanChange change{2, who, "before", PlanPhase::Released};
    return {true, change};
  }
  void report_effect(std::uint64_t ticket, const PlanEffect& effect) override {
    std::lock_guard lock(mutex);
    if (ticket < 1 || ticket > history.size())
      throw Error("effect", "", "there is no such change", "look at the history");
    history[ticket - 1].effect = effect;
  }
  void configure(const NodeSettings& settings) override {
    if (settings.comm_workers && *settings.comm_workers > 8)
      throw Error("settings", "comm_workers", "more than there are workers", "give fewer");
    std::lock_guard lock(mutex);
    if (settings.overlap) overlap = *settings.overlap;
  }
  void stop() override { stopped = true; }

  std::mutex mutex;
  std::uint64_t epoch = 0;
  bool overlap = true;
  std::vector<NodePlanChange> history;
  std::atomic<bool> stopped{false}, undo{false}, serving{true};
  std::atomic<int> applying{0}, asked{0};  ///< calls of apply() and check_serving() so far
  std::atomic<bool> slow{false};           ///< changes take until they are undone
};

/// What a runtime does with its recording: one rank with two tracks, then spans.
class FakeRecorder {
 public:
  explicit FakeRecorder(RecordingSink& sink) : sink_(sink) {
    process_ = sink.add_process({.label = "rank 0", .pid = "0", .rank = 0, .world_size = 1});
    sink.add_device({.process = process_, .index = 0, .name = "CPU workers", .sm_count = 4});
    stream_ = sink.add_track({process_, TrackType::DeviceStream, 0, 0, "compute"});
    requests_ = sink.add_track({process_, TrackType::Other, -1, 0, "requests"});
    sink.set_info({.format = "moetrace", .producer = "fake"});
    sink.end_round();
  }
  /// `count` spans of 100 ns, one a microsecond, as one round.
  void spans(std::size_t count, const std::string& name = "attention") {
    SpanBatch batch;
    for (std::size_t i = 0; i < count; ++i) {
      ++spans_;
      batch.add({time_, 100, sink_.strings().intern(name), static_cast<std::uint32_t>(spans_), 0,
                 SpanKind::Kernel, 0},
                "{\"step\":" + std::to_string(spans_) + "}");
      time_ += 1000;
    }
    sink_.append(stream_, std::move(batch));
    sink_.add_sm_records({{time_ - 1000, time_ - 900, process_, 0, 2, 1}});
    sink_.end_round();
  }
  void request(std::uint64_t id) {
    SpanBatch batch;
    batch.add({time_, 0, sink_.strings().intern("request done"), 0, 0, SpanKind::Instant, 0},
              "{\"request\":" + std::to_string(id) +
                  ",\"topic\":1,\"prompt\":8,\"output\":4,\"arrival_ns\":5,\"ttft_ns\":70,"
                  "\"tpot_ns\":9}");
    sink_.append(requests_, std::move(batch));
    sink_.end_round();
  }
  void loads(int layer) {
    sink_.add_loads({time_ - 10, time_, layer, "logical", std::nullopt, {5, 1, 0, 2}});
    sink_.add_loads({time_ - 10, time_, layer, "physical", 0, {5, 1, 0, 2}});
    sink_.end_round();
  }
  void plan(const std::string& name) {
    sink_.add_plan({time_, name, "{\"schema\":1}"});
    sink_.end_round();
  }

 private:
  RecordingSink& sink_;
  ProcessId process_ = 0;
  TrackId stream_ = 0, requests_ = 0;
  TimeNs time_ = 1000;
  std::uint64_t spans_ = 0;
};

/// Waits up to ten seconds.
template <typename Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace moescope::test
