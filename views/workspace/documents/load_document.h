// The open expert loads, the windows of them that are shown, and the plan they are looked at under.
#pragma once

#include <QObject>
#include <QStringList>
#include <memory>
#include <optional>
#include <vector>

#include "core/loads/open/open_loads.h"
#include "core/loads/placement_of_loads.h"
#include "core/placement/plan.h"
#include "core/placement/rules/replica_rule.h"

namespace moescope {

using LoadsPtr = std::shared_ptr<const LoadSet>;
using PlanPtr = std::shared_ptr<const Plan>;
using BalanceLogPtr = std::shared_ptr<const BalanceLog>;
using WaitLogPtr = std::shared_ptr<const WaitLog>;

/// Consecutive windows of a load set, [first, last).
struct WindowRange {
  int first = 0, last = 0;
  int count() const { return last - first; }
  friend bool operator==(const WindowRange&, const WindowRange&) = default;
};

/// What the watched runtime reports, for figures of plans.
struct WatchedEngine {
  qint64 expert_bytes = 0;  ///< weights of one expert of one layer
  int units = 1;            ///< that a change of plan is made in
  friend bool operator==(const WatchedEngine&, const WatchedEngine&) = default;
};

class LoadDocument : public QObject {
  Q_OBJECT

 public:
  explicit LoadDocument(QObject* parent = nullptr) : QObject(parent) {}

  /// Null when no loads are open.
  const LoadsPtr& loads() const { return loads_; }
  const QStringList& files() const { return files_; }
  /// Other loads: all windows are chosen.
  void setLoads(LoadsPtr loads, QStringList files);
  /// The same loads with more windows, while they are recorded: a choice of all windows grows with
  /// them, one of the newest moves on, any other stays.
  void growLoads(LoadsPtr loads);
  /// Loads that are recorded now, until others are opened.
  bool growing() const { return growing_; }
  /// Shows the newest `count` windows and moves on with them while the loads grow.
  void followNewest(int count);
  /// How many of the newest windows are followed; 0: others were chosen.
  int newest() const { return newest_; }
  /// Loads are recorded, but no window is whole yet: said in their place.
  bool awaited() const { return awaited_; }
  void setAwaited(bool awaited);

  /// All that the files hold: one set, or one for each unit of a recording. Shows the first.
  void setSets(std::vector<LoadsPtr> sets, QStringList files);
  const std::vector<LoadsPtr>& sets() const { return sets_; }
  int shownSet() const { return shown_set_; }
  void showSet(int index);
  /// Takes over what a file holds; loads and logs stay open beside each other.
  void setContent(LoadContent content, const QStringList& files);
  /// setSets() while they are recorded: the set of the same unit stays shown and grows.
  void growSets(std::vector<LoadsPtr> sets);
  /// The same loads from the file that was recorded, now that it is complete: the unit that is
  /// shown, the chosen windows and those compared with stay, found again by their times.
  void completeSets(std::vector<LoadsPtr> sets, QStringList files);

  WindowRange windows() const { return windows_; }
  /// Clamped to the loads; never empty while loads are open. A choice up to the newest window, but
  /// not of all, is followed.
  void setWindows(WindowRange windows);

  /// Whether the windows are those of the visible time; nullopt where loads and trace have no clock
  /// in common. Choosing windows by hand ends it.
  std::optional<bool> followsTime() const { return follows_time_; }
  void setFollowsTime(std::optional<bool> follows);
  /// As setWindows(), but chosen by the visible time.
  void showWindows(WindowRange windows) { choose(windows); }

  /// Those of the windows that figures of the plan are of: the chosen ones, without those that made
  /// the plan where others are left.
  WindowRange judgedWindows() const { return judged_.value_or(windows_); }
  /// Set by the document of the plan; nullopt: all chosen ones.
  void setJudged(std::optional<WindowRange> judged);

  /// The plan that GPU figures are of: what is edited, else what runs. Null: none.
  const PlanPtr& plan() const { return plan_; }
  void setPlan(PlanPtr plan);
  /// The plan in force in the runtime that is watched; null while none is.
  const PlanPtr& runningPlan() const { return running_plan_; }
  void setRunningPlan(PlanPtr plan);
  /// Known of the runtime that is, or was last, watched; nullopt: none was.
  const std::optional<WatchedEngine>& engine() const { return engine_; }
  void setEngine(std::optional<WatchedEngine> engine);

  /// By which replicas are chosen, for figures of balance; nullopt: the plan's weights, else equal
  /// shares. Set by the document of the plan.
  const std::optional<ReplicaRule>& rule() const { return rule_; }
  void setRule(std::optional<ReplicaRule> rule);

  /// What to assume where neither plan nor loads specify it.
  const AssumedLayout& assumed() const { return assumed_; }
  void setAssumed(AssumedLayout assumed);
  /// The plan that GPU figures are of and where it comes from: plan() when it fits the loads, else
  /// what ran, else experts in order. Null without loads.
  const PlacementOfLoads* placement() const;

  /// Windows that the shown ones are compared with; nullopt: drift is not shown.
  const std::optional<WindowRange>& reference() const { return reference_; }
  void setReference(std::optional<WindowRange> reference);

  /// Balance and wait times from logs, beside the loads or without them; null when none are open.
  const BalanceLogPtr& balanceLog() const { return balance_log_; }
  const WaitLogPtr& waitLog() const { return wait_log_; }
  void setBalanceLog(BalanceLogPtr log);
  void setWaitLog(WaitLogPtr log);
  /// Neither loads nor logs are open.
  bool empty() const { return !loads_ && !balance_log_ && !wait_log_; }

 Q_SIGNALS:
  void loadsChanged();
  /// After loadsChanged() for other loads, not for more windows of the same.
  void loadsReplaced();
  void awaitedChanged();
  void windowsChanged();
  void judgedChanged();
  void followsTimeChanged();
  void planChanged();
  void runningPlanChanged();
  void engineChanged();
  void ruleChanged();
  void assumedChanged();
  void referenceChanged();
  void logsChanged();

 private:
  void replaceLoads(LoadsPtr loads);
  void choose(WindowRange windows);

  LoadsPtr loads_;
  std::vector<LoadsPtr> sets_;
  int shown_set_ = 0, newest_ = 0;
  bool growing_ = false, awaited_ = false;
  std::optional<bool> follows_time_;
  AssumedLayout assumed_;
  std::optional<WindowRange> reference_;
  BalanceLogPtr balance_log_;
  WaitLogPtr wait_log_;
  mutable std::optional<PlacementOfLoads> placement_;  ///< made when asked for
  PlanPtr plan_, running_plan_;
  std::optional<WatchedEngine> engine_;
  std::optional<ReplicaRule> rule_;
  QStringList files_;
  WindowRange windows_;
  std::optional<WindowRange> judged_;
};

}  // namespace moescope
