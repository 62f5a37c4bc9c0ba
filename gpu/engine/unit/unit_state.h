// What a unit is made of; for its own sources only.
#pragma once

#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <thread>

#include "gpu/engine/rank/rank_runner.h"
#include "gpu/engine/unit/unit.h"
#include "gpu/engine/unit/unit_link.h"

namespace moescope::runtime {

inline int streams_of(UnitKind kind) {
  return kind == UnitKind::Decode ? 3 : 2;
}

struct Unit::State {
  UnitShared shared;
  UnitOptions options;
  WorkerBudget granted;
  double rank_cores = 0;
  std::vector<std::unique_ptr<KvCache>> caches;    ///< [member]
  std::vector<std::unique_ptr<WeightPool>> pools;  ///< [member]
  std::vector<std::unique_ptr<RankRunner>> ranks;  ///< that this process hosts
  std::unique_ptr<UnitLink> link;                  ///< to the other processes
  WindowId kv_window = 0;
  Schedule schedule;
  StepLoads loads;
  std::uint32_t steps = 0;
  WindowId weights = 0;

  std::mutex mutex;
  std::condition_variable wake, finished;
  std::uint64_t generation = 0;
  int running = 0;
  bool stopping = false;
  std::exception_ptr error;
  std::vector<std::thread> threads;

  void add_exchanges();
  void add_pools();
  void serve(RankRunner& rank, StreamId stream);
  void fail(std::exception_ptr what, const std::string& reason);
  void abort_boards();
  void add_caches();
  void start_threads();
  void run_here(std::span<const RankInput> inputs);
  std::vector<RankOutput> collect(std::size_t groups);
  void answer();
  void add_loads(const StepLoads& part);
  void apply_overlap(bool overlap);
  void apply_order(DecodeOrder order);
  void apply_budget(WorkerBudget requested);
  void apply_trial(bool trial);
  void apply_rank_cores(double cores);
  void apply_table(SlotTable table);
  void apply_epoch(std::uint64_t epoch);
  void tell(UnitCommand command, const MessageWriter& rest);
  std::size_t route_size() const {
    const ModelConfig& config = shared.model->config;
    return static_cast<std::size_t>(config.moe_layers() * config.top_k);
  }
};

}  // namespace moescope::runtime
