// Figures of an engine's service: requests, steps, rates, loads. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "gpu/engine/plan/control.h"
#include "gpu/engine/rank/batch.h"
#include "gpu/record/records.h"

namespace moescope::runtime {

class Figures {
 public:
  /// Targets in seconds; together the service level. `ranks`: of one unit.
  Figures(double ttft_target, double tpot_target, int ranks);

  void arrived();
  void waiting(std::uint64_t prompts);    ///< now
  void decoding(std::uint64_t requests);  ///< now
  void finished(RequestRecord& request);  ///< sets in_target
  /// True when that fills a window of a second.
  bool step(const StepRecord& step, const StepLoads& loads);
  void budget(UnitKind unit, WorkerBudget granted, WorkerBudget observed);

  /// Mean time per output token over the tokens made in [from, to), seconds; 0 when there is none.
  double mean_tpot(std::int64_t from, std::int64_t to) const;
  /// Tokens that the steps of a unit worked on, and its steps, so far.
  std::uint64_t tokens(UnitKind unit) const;
  std::uint32_t steps(UnitKind unit) const;
  std::uint64_t output_tokens() const;
  /// Requests, rates and loads of `status`, which has its units and ranks.
  void fill(NodeStatus& status) const;

 private:
  struct Window {
    std::int64_t begin = 0, end = 0;
    std::uint32_t steps = 0;
    std::uint64_t tokens = 0;
    std::vector<std::vector<std::uint64_t>> ranks;  ///< [MoE layer][rank]
  };
  struct Token {
    std::int64_t end = 0, gap = 0;  ///< ns
    int requests = 0;
  };

  double ttft_target_, tpot_target_;
  int ranks_;
  mutable std::mutex mutex_;
  std::uint64_t arrived_ = 0, waiting_ = 0, decoding_ = 0, in_target_ = 0, output_tokens_ = 0;
  std::vector<double> ttft_, tpot_;
  std::array<std::uint32_t, 2> steps_{};
  std::array<std::uint64_t, 2> tokens_{};
  std::array<Window, 2> window_, full_;
  std::array<NodeWorkers, 2> granted_, observed_;
  std::deque<Token> gaps_;
  std::int64_t last_decode_ = 0;  ///< end of the decode step before, 0 after a pause
};

}  // namespace moescope::runtime
