// The control of one engine: passes requests to its loops and to the plan changer.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "gpu/engine/plan/plan_changer.h"
#include "gpu/engine/serving.h"
#include "gpu/engine/vitals.h"

namespace moescope::runtime {

class EngineControl final : public Control {
 public:
  EngineControl(const ServingParts& parts, Serving& serving, PlanChanger& changer)
      : parts_(parts), serving_(serving), changer_(changer) {}

  PlanTicket propose_plan(const Plan& plan, std::uint64_t base_epoch,
                          const PlanOptions& options) override;
  std::optional<PlanTicket> rollback(const std::string& who) override;
  std::uint64_t epoch() const override;
  Plan plan() const override;
  std::optional<Plan> previous_plan() const override;
  std::optional<PlanRecord> plan_change(PlanTicket ticket) const override;
  std::vector<PlanRecord> history() const override;
  void on_plan_change(std::function<void(const PlanRecord&)> listener) override;
  void set_overlap(bool overlap) override;
  void set_budget(WorkerBudget requested) override;
  void set_workload(const WorkloadOptions& workload) override;
  NodeStatus status() const override;

  /// Text about the links for status().
  void set_links(const std::string& links);
  /// Source of hung ranks for status(); outlives every call of it.
  void set_vitals(const Vitals& vitals) { vitals_ = &vitals; }
  void run_begins(std::int64_t start);
  void run_ends();

 private:
  PlanRecord as_of_now(PlanRecord change) const;

  ServingParts parts_;
  Serving& serving_;
  PlanChanger& changer_;
  const Vitals* vitals_ = nullptr;
  std::atomic<bool> running_{false};
  std::atomic<std::int64_t> start_{0}, ended_{0};
  mutable std::mutex links_mutex_;
  std::string links_;
};

}  // namespace moescope::runtime
