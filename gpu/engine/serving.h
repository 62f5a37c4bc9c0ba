// The two loops that serve: prefill batches waiting prompts, decode adds one token per step to
// every running request; between them the KV hand-over.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "gpu/engine/engine.h"
#include "gpu/engine/plan/figures.h"
#include "gpu/engine/plan/step_gate.h"

namespace moescope::runtime {

/// Parts that the loops use; all outlive them.
struct ServingParts {
  const Model& model;
  const EngineOptions& options;
  AddressSpace& space;
  Unit& prefill;
  Unit& decode;
  StepGate& gate;
  Figures& figures;
  Recorder* recorder = nullptr;
};

class Serving {
 public:
  explicit Serving(const ServingParts& parts);

  /// The loops, each on its own thread, until stop(). An exception ends both and is kept.
  void prefill_loop();
  void decode_loop();
  /// In other processes than the first: executes its commands for the unit until it ends.
  void run_follower(Unit& unit);
  void begin(std::int64_t start);
  void stop();
  bool stopping() const { return stopping_; }
  std::exception_ptr error() const;
  std::uint64_t steps() const { return steps_; }

  /// Taken over by each unit before its next step.
  void set_overlap(bool overlap);
  void set_budget(WorkerBudget requested);
  void set_workload(const WorkloadOptions& workload);
  bool overlap() const;
  WorkerBudget budget() const;
  WorkloadOptions workload() const;

  void keep_outputs() { keep_ = true; }
  const std::vector<std::pair<Request, std::vector<int>>>& outputs() const { return outputs_; }

 private:
  struct Active;
  using ActivePtr = std::shared_ptr<Active>;

  void guard(UnitKind unit, const std::function<void()>& loop);
  void settle(Unit& unit, std::uint64_t& seen);
  void note_budget(Unit& unit, std::int64_t now);
  void note_step(Unit& unit, std::int64_t begin, int requests, int tokens);
  void take_arrivals();
  bool batch_is_due() const;
  void rest_until_arrival() const;
  void prefill_once();
  bool place(const ActivePtr& active, std::vector<RankInput>& inputs);
  void admit();
  bool hand_over(const ActivePtr& active);
  std::int64_t copy_pages(const Active& active, const KvSequence& copy, int from, int to);
  std::vector<ActivePtr> ready() const;
  void decode_once();
  void retire();
  void finish(const Active& active);
  void add_row(MicroBatch& batch, const Active& active, int token, int position) const;
  int sample(const RankOutput& output, int micro_batch, int row) const;

  ServingParts parts_;
  Workload arrivals_;
  std::int64_t start_ = 0;
  std::array<std::int64_t, 2> budget_since_{};  ///< by UnitKind, of its own loop
  bool keep_ = false;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> steps_{0};

  mutable std::mutex mutex_;  ///< guards what the loops hand to each other, and the settings
  std::condition_variable handed_;
  std::deque<ActivePtr> hand_overs_;
  std::vector<std::pair<int, KvSequence>> releases_;  ///< [group] prefill pages, copied
  std::exception_ptr error_;
  bool overlap_;
  WorkerBudget budget_;
  WorkloadOptions workload_;
  std::uint64_t settings_ = 0, workloads_ = 0;  ///< how often they changed

  std::deque<ActivePtr> waiting_;                              ///< of the prefill loop
  std::uint64_t seen_workloads_ = 0;                           ///< of the prefill loop
  std::vector<ActivePtr> running_;                             ///< of the decode loop
  std::vector<std::pair<Request, std::vector<int>>> outputs_;  ///< of the decode loop
};

}  // namespace moescope::runtime
