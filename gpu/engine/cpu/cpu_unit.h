// A unit whose ranks are threads: one for each stream of a rank, and the workers of its teams. Of
// several processes the first one decides, the others follow. What ranks share lies in UnitShared.
#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "gpu/engine/rank/rank_runner.h"
#include "gpu/engine/unit/unit.h"
#include "gpu/engine/unit/unit_link.h"

namespace moescope::runtime {

class CpuUnit final : public Unit, private LinkControl {
 public:
  /// Throws Error when the placement does not fit the model or the group.
  explicit CpuUnit(const UnitParts& parts);
  ~CpuUnit() override;

  const Group& group() const override { return shared_.group; }
  const UnitOptions& options() const override { return options_; }

  // cpu_steps.cpp
  std::vector<RankOutput> step(std::span<const RankInput> inputs) override;
  std::vector<RankOutput> ordered_step(std::span<const RankInput> inputs) override;
  const StepLoads& loads() const override { return loads_; }
  std::uint32_t steps() const override { return steps_; }
  std::vector<RankThreads> rank_threads() const override;
  // cpu_processes.cpp
  void follow() override;
  // cpu_settings.cpp
  void set_overlap(bool overlap) override;
  void set_order(DecodeOrder order) override;
  WorkerBudget set_budget(WorkerBudget requested) override;
  WorkerBudget granted_budget() const override { return granted_; }
  WorkerBudget take_observed_budget() override;
  // cpu_pages.cpp
  PageBook& pages(int attention_group) override;
  std::size_t page_bytes() const override;
  std::vector<Place> page_places(int member, const KvSequence& sequence) override;
  void fetch_pages(int member, const KvSequence& sequence, std::span<const Place> from) override;
  // cpu_weights.cpp
  const SlotTable& table() const override { return shared_.table(); }
  int places() const override { return shared_.stride; }
  std::size_t expert_bytes(int expert) const override;
  void copy_expert(const Move& move, std::size_t begin, std::size_t count) override;
  Digest held_digest(int member, int place, std::size_t bytes) override;
  void stage(SlotTable table) override;
  void share_moved(std::span<const Move> moves) override;
  void flip(std::uint64_t epoch) override;
  /// The weights of a member, in memory that all processes see.
  WeightPool& pool(int member) { return *pools_[static_cast<std::size_t>(member)]; }

  /// Nothing where ranks on several hosts share no memory.
  LinkControl* links() override { return shared_.links == nullptr ? nullptr : this; }

 private:
  // cpu_links.cpp; links() is not nullptr
  void set_rates(const LinkRates& rates) override;
  LinkRates rates() const override { return shared_.links->rates(); }
  void set_rank_cores(double cores) override;
  double rank_cores() const override { return rank_cores_; }
  void set_trial(bool trial) override;
  TrialTimes trial_times() const override;
  Departure depart(int rank, Link link, std::size_t bytes, std::int64_t time) override;
  std::int64_t arrive(int rank, const Departure& departure) override;

  // cpu_unit.cpp
  std::vector<std::size_t> window_bytes(std::size_t of_a_member) const;
  void share_attention();
  void add_exchanges();
  void add_caches();
  void add_pools();
  void add_ranks(std::span<RankLog* const> logs);

  // cpu_steps.cpp
  void start_threads();
  void serve(RankRunner& rank, StreamId stream);
  void fail(std::exception_ptr what, const std::string& reason);
  void abort_boards();
  void run_here(std::span<const RankInput> inputs);
  void add_loads(const StepLoads& part);

  // cpu_processes.cpp
  void send(UnitCommand command, std::span<const std::byte> rest);
  /// Likewise with one plain value; nothing when there is one process.
  template <typename T>
  void send_value(UnitCommand command, const T& value) {
    if (link_) send(command, std::as_bytes(std::span(&value, 1)));
  }
  std::vector<RankOutput> collect(std::size_t groups);
  void answer();
  std::size_t route_size() const {
    const ModelConfig& config = shared_.model->config;
    return static_cast<std::size_t>(config.moe_layers() * config.top_k);
  }

  // What the first process asked for, done in this one.
  void apply_overlap(bool overlap);
  void apply_order(DecodeOrder order);
  void apply_budget(WorkerBudget requested);
  void apply_trial(bool trial);
  void apply_rank_cores(double cores);
  void apply_table(SlotTable table);
  void apply_epoch(std::uint64_t epoch);

  UnitShared shared_;
  UnitOptions options_;
  WorkerBudget granted_;
  double rank_cores_ = 0;
  std::vector<std::unique_ptr<KvCache>> caches_;    ///< [member]
  std::vector<std::unique_ptr<WeightPool>> pools_;  ///< [member]
  std::vector<std::unique_ptr<RankRunner>> ranks_;  ///< that this process hosts
  std::unique_ptr<UnitLink> link_;                  ///< to the other processes
  WindowId kv_window_ = 0, weights_window_ = 0;
  Schedule schedule_;
  StepLoads loads_;
  std::uint32_t steps_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_, finished_;
  std::uint64_t generation_ = 0;
  int running_ = 0;
  bool stopping_ = false;
  std::exception_ptr error_;
  std::vector<std::thread> threads_;
};

}  // namespace moescope::runtime
