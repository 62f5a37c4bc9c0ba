// A node in the test's own process: publishes and answers what the test sets.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <semaphore>
#include <utility>

#include "core/cluster/client.h"
#include "core/cluster/publisher.h"
#include "core/cluster/wire/transport.h"
#include "core/error.h"
#include "core/placement/plan.h"
#include "tests/support/small_plan.h"

namespace moescope::test {

/// Two ranks of one unit with two experts each, one layer.
class FakeNode final : public NodeControl {
 public:
  FakeNode() {
    for (int rank = 0; rank < 2; ++rank) {
      const ProcessId process = publisher.add_process(
          {.label = "rank " + std::to_string(rank), .pid = std::to_string(rank), .rank = rank});
      publisher.add_device({.process = process, .index = 0, .name = "CPU workers", .sm_count = 4});
      tracks_[rank] = publisher.add_track({process, TrackType::DeviceStream, 0, 0, "compute"});
    }
    const ProcessId engine = publisher.add_process({.label = "engine"});
    requests_ = publisher.add_track({engine, TrackType::Other, -1, 0, "requests"});
    TraceInfo info;
    info.format = "moetrace";
    info.producer = "fake node";
    publisher.set_info(info);
    info_ = info;
    publisher.add_plan({0, "start", plan_json(plan({0, 1, 2, 3}))});
  }

  static Plan plan(std::vector<int> row) { return one_layer_plan(std::move(row)); }

  /// `count` kernels of 400 us a millisecond on each rank, and one request that is done.
  void serve(int count) {
    for (int rank = 0; rank < 2; ++rank) {
      SpanBatch batch;
      for (int i = 0; i < count; ++i) {
        Span span;
        span.start = now_ + TimeNs{i} * 1'000'000;
        span.duration = 400'000;
        span.name = publisher.strings().intern("attention");
        span.kind = SpanKind::Kernel;
        batch.columns.push_back(span);
      }
      batch.columns.depth.clear();
      publisher.append(tracks_[rank], std::move(batch));
    }
    now_ += TimeNs{count} * 1'000'000;
    SpanBatch done;
    done.add({now_, 0, publisher.strings().intern("request done"), 0, 0, SpanKind::Instant, 0},
             R"({"request":)" + std::to_string(++request_) +
                 R"(,"topic":1,"prompt":10,"output":5,"arrival_ns":0,"ttft_ns":2000000,)"
                 R"("tpot_ns":1000000})");
    publisher.append(requests_, std::move(done));
    publisher.end_round();
  }

  /// One window of loads, hot on expert 0, and the imbalance that it had.
  void load(double imbalance) {
    publisher.add_loads({now_ - 1'000'000, now_, 3, "logical", std::nullopt, {60, 20, 10, 10}});
    publisher.end_round();
    std::lock_guard lock(mutex_);
    imbalance_ = imbalance;
  }

  /// Rings that were full, so far reported by status() only.
  void drop(std::uint64_t records) {
    std::lock_guard lock(mutex_);
    dropped_ += records;
  }
  /// The end of a run: the recording gets the loss of the dropped records.
  void end(const std::string& reason = kNodeEnded) {
    std::lock_guard lock(mutex_);
    if (dropped_ > 0)
      publisher.add_loss(
          {LossKind::DroppedSpans, ProcessId{0}, {}, {0, now_}, dropped_, "a ring was full"});
    publisher.set_info(info_);
    publisher.end(reason);
  }

  NodeStatus status(bool with_plan) override {
    if (unreadable) throw Error("fake node", "phase", "is number 9, which is not known");
    std::lock_guard lock(mutex_);
    NodeStatus status;
    status.dropped = dropped_;
    status.version = "test";
    status.serving = true;
    status.epoch = epoch_;
    status.workload = "rate=20,period=20";
    for (int rank = 0; rank < 2; ++rank) status.ranks.push_back({rank, 0, UnitKind::Decode, 0, 50});
    NodeUnit unit;
    unit.kind = UnitKind::Decode;
    unit.imbalance = {imbalance_};
    unit.requested = unit.granted = unit.observed = {4, comm_workers_};
    status.units = {unit};
    status.history = history_;
    status.expert_bytes = kExpertBytes;
    if (with_plan) status.previous_plan_json = previous_;
    return status;
  }

  PlanOutcome apply(const PlanRequest& request, const std::string& who,
                    const PlanListener& listener) override {
    if (!request.dry_run && slow_to_apply) {
      applying.release();
      go_on.acquire();
    }
    std::lock_guard lock(mutex_);
    PlanOutcome outcome;
    NodePlanChange& change = outcome.change;
    change.ticket = history_.size() + 1;
    change.who = who;
    change.name = request.name;
    change.epoch = epoch_;
    change.phase = PlanPhase::Refused;
    change.reason = refusal;
    if (!refusal.empty()) return outcome;
    outcome.done = true;
    change.moves = 2;
    change.bytes_total = 2 * kExpertBytes;
    if (request.dry_run) return outcome;
    change.phase = PlanPhase::Preparing;
    change.bytes_done = 2048;
    if (listener) listener(change);
    previous_ = applied.empty() ? plan_json(plan({0, 1, 2, 3})) : applied;
    applied = request.plan_json;
    publisher.add_plan({now_, request.name, request.plan_json});
    publisher.end_round();
    change.phase = PlanPhase::Released;
    change.bytes_done = 4096;
    change.epoch = ++epoch_;
    change.prefill_step = change.decode_step = 12;
    change.slot_count = change.slots_probed = 4;
    history_.push_back(change);
    return outcome;
  }

  PlanOutcome rollback(const std::string& who) override {
    std::lock_guard lock(mutex_);
    PlanOutcome outcome;
    outcome.done = true;
    outcome.change.ticket = history_.size() + 1;
    outcome.change.who = who;
    outcome.change.name = "start";
    outcome.change.phase = PlanPhase::Released;
    outcome.change.epoch = ++epoch_;
    history_.push_back(outcome.change);
    publisher.add_plan({now_, "rollback", previous_});
    publisher.end_round();
    std::swap(applied, previous_);
    return outcome;
  }

  void report_effect(std::uint64_t ticket, const PlanEffect& effect) override {
    std::lock_guard lock(mutex_);
    history_.at(ticket - 1).effect = effect;
  }

  void configure(const NodeSettings& settings) override {
    std::lock_guard lock(mutex_);
    if (settings.comm_workers) comm_workers_ = *settings.comm_workers;
    if (settings.workload) workload = *settings.workload;
  }
  void stop() override { stopped = true; }

  std::shared_ptr<ClusterClient> connect(PeerRole role = PeerRole::Operator);

  static constexpr std::uint64_t kExpertBytes = 2048;

  Publisher publisher;
  std::string refusal, applied, workload;
  std::atomic<bool> slow_to_apply = false;  ///< applies when `go_on` is released
  std::binary_semaphore applying{0}, go_on{0};
  std::atomic<bool> stopped{false};
  std::atomic<bool> unreadable{false};  ///< its state says what this program does not know
  std::atomic<bool> broken{false};      ///< the connection is cut

 private:
  std::mutex mutex_;
  TrackId tracks_[2] = {}, requests_ = 0;
  TraceInfo info_;
  TimeNs now_ = 0;
  std::uint64_t dropped_ = 0;
  int request_ = 0, comm_workers_ = 1;
  std::uint64_t epoch_ = 0;
  double imbalance_ = 1;
  std::vector<NodePlanChange> history_;
  std::string previous_;  ///< plan that a rollback brings back
};

/// Throws while the node's connection is cut; waits for batches in short steps to notice it.
class CutStream final : public TelemetryStream {
 public:
  CutStream(std::unique_ptr<TelemetryStream> stream, std::atomic<bool>& broken)
      : stream_(std::move(stream)), broken_(broken) {}
  bool read(std::string& batch) override {
    const bool more = stream_->read(batch);
    if (broken_) throw Error("fake node", "", "the connection is cut", "reconnect");
    return more;
  }
  void grant(std::uint32_t batches) override { stream_->grant(batches); }
  void cancel() override { stream_->cancel(); }

 private:
  std::unique_ptr<TelemetryStream> stream_;
  std::atomic<bool>& broken_;
};

class CutTransport final : public Transport {
 public:
  CutTransport(std::shared_ptr<Transport> way, std::atomic<bool>& broken)
      : way_(std::move(way)), broken_(broken) {}
  NodeHello hello() override { return way().hello(); }
  NodeStatus status(bool with_plan) override { return way().status(with_plan); }
  PlanOutcome apply(const PlanRequest& request, const PlanListener& listener) override {
    return way().apply(request, listener);
  }
  PlanOutcome rollback() override { return way().rollback(); }
  void report_effect(std::uint64_t ticket, const PlanEffect& effect) override {
    way().report_effect(ticket, effect);
  }
  NodeStatus configure(const NodeSettings& settings) override { return way().configure(settings); }
  void stop() override { way().stop(); }
  std::unique_ptr<TelemetryStream> subscribe(std::uint32_t credits) override {
    return std::make_unique<CutStream>(way().subscribe(credits), broken_);
  }

 private:
  Transport& way() {
    if (broken_) throw Error("fake node", "", "the connection is cut", "reconnect");
    return *way_;
  }
  std::shared_ptr<Transport> way_;
  std::atomic<bool>& broken_;
};

inline std::shared_ptr<ClusterClient> FakeNode::connect(PeerRole role) {
  return std::make_shared<ClusterClient>(
      "fake node",
      std::make_shared<CutTransport>(in_process_transport(*this, publisher, role), broken));
}

}  // namespace moescope::test
