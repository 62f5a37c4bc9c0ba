// Changes the plan of both units while they serve: prepare, commit, verify, then release or roll
// back. Requests never run under an unverified plan.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "gpu/engine/placement/plan_store.h"
#include "gpu/engine/plan/figures.h"
#include "gpu/engine/plan/plan_book.h"
#include "gpu/engine/plan/plan_form.h"
#include "gpu/engine/plan/step_gate.h"
#include "gpu/engine/rank/faults.h"
#include "gpu/engine/unit/probe.h"
#include "gpu/record/recorder.h"

namespace moescope::runtime {

struct PlanChangerParts {
  const ModelConfig& config;
  PlanFrame frame;
  std::array<Unit*, 2> units;  ///< by UnitKind
  AddressSpace& space;
  StepGate& gate;
  Figures& figures;
  Recorder* recorder = nullptr;
  Faults faults;
  int max_positions = 0;                ///< of the units
  PlanStore* store = nullptr;           ///< nullptr: changes end with the process
  std::optional<Placement> previous{};  ///< what a rollback restores at first
};

class PlanChanger {
 public:
  explicit PlanChanger(PlanChangerParts parts);

  /// Works through the proposals in the book until stop(), on the calling thread.
  void run();
  void stop() { book_.close(); }

  PlanBook& book() { return book_; }
  const PlanBook& book() const { return book_; }
  /// As Control::rollback().
  std::optional<PlanTicket> rollback(const std::string& who);
  std::uint64_t epoch() const { return epoch_; }
  Plan plan() const;
  std::optional<Plan> previous_plan() const;

 private:
  /// Layers that change together, with the copies of each unit.
  struct Stage {
    std::vector<int> layers;
    Placement target;
    std::vector<MovePlan> moves;  ///< by UnitKind
    bool fits = true;
  };
  /// The change that is under way.
  struct Work;

  void change(const Proposal& proposal);
  Placement check(const Proposal& proposal) const;
  Stage make_stage(const Placement& next, const std::vector<int>& layers) const;
  Stage next_stage(const Placement& next, std::vector<int>& remaining) const;
  void prepare(Work& work, const Stage& stage);
  void copy(Work& work, Unit& unit, const Move& move);
  void throttle(Work& work);
  void commit(Work& work, const Stage& stage);
  void verify(Work& work);
  void hold(Work& work);
  void store(const Work& work, const Placement& placement, std::uint64_t epoch) const;
  void keep() const;
  void go_back(Work& work, const Placement& to);
  void flip_both(std::uint64_t epoch);
  void finish(Work& work, PlanPhase phase, const std::string& reason);
  void in_force(Work& work, const Placement& placement, std::uint64_t epoch);
  void span(const Work& work, const char* name, std::int64_t begin, std::uint64_t epoch);
  void call_faults(PlanPhase phase, const Unit& unit) const;

  PlanChangerParts parts_;
  PlanBook book_;
  std::vector<std::unique_ptr<Probe>> probes_;  ///< by UnitKind
  std::atomic<std::uint64_t> epoch_{0};
  mutable std::mutex mutex_;
  Placement placement_;              ///< in force
  std::optional<Placement> before_;  ///< in force before the last change
};

}  // namespace moescope::runtime
