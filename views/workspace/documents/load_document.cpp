#include "views/workspace/documents/load_document.h"

#include <algorithm>

namespace moescope {
namespace {

WindowRange all_windows(const LoadsPtr& loads) {
  return {0, loads ? static_cast<int>(loads->windows.size()) : 0};
}

/// How many of the oldest windows of `before` are gone in `after`.
int gone_windows(const LoadsPtr& before, const LoadsPtr& after) {
  if (!before || !after || after->times.empty()) return 0;
  const auto& times = before->times;
  const auto first =
      std::lower_bound(times.begin(), times.end(), after->times.front(),
                       [](const WindowTime& a, const WindowTime& b) { return a.begin < b.begin; });
  return static_cast<int>(first - times.begin());
}

WindowRange newest_windows(const LoadsPtr& loads, int count) {
  const int last = all_windows(loads).last;
  return {std::max(0, last - count), last};
}

/// How many windows of `after` are older than all of `before`.
int older_windows(const LoadsPtr& before, const LoadsPtr& after) {
  return before && after ? gone_windows(after, before) : 0;
}

WindowRange shifted(WindowRange windows, int by) {
  return {windows.first - by, windows.last - by};
}

}  // namespace

void LoadDocument::setLoads(LoadsPtr loads, QStringList files) {
  std::vector<LoadsPtr> sets;
  if (loads) sets.push_back(std::move(loads));
  setSets(std::move(sets), std::move(files));
}

void LoadDocument::setSets(std::vector<LoadsPtr> sets, QStringList files) {
  sets_ = std::move(sets);
  files_ = std::move(files);
  shown_set_ = newest_ = 0;
  growing_ = false;
  assumed_ = {};
  replaceLoads(sets_.empty() ? nullptr : sets_.front());
}

void LoadDocument::setContent(LoadContent content, const QStringList& files) {
  if (content.balance)
    setBalanceLog(std::make_shared<const BalanceLog>(std::move(*content.balance)));
  if (content.waits) setWaitLog(std::make_shared<const WaitLog>(std::move(*content.waits)));
  if (content.sets.empty() && (content.balance || content.waits)) return;
  std::vector<LoadsPtr> sets;
  for (LoadSet& set : content.sets) sets.push_back(std::make_shared<const LoadSet>(std::move(set)));
  setSets(std::move(sets), files);
}

void LoadDocument::showSet(int index) {
  if (index == shown_set_ || index < 0 || index >= static_cast<int>(sets_.size())) return;
  shown_set_ = index;
  replaceLoads(sets_[static_cast<std::size_t>(index)]);
  if (newest_ > 0) followNewest(newest_);
}

void LoadDocument::replaceLoads(LoadsPtr loads) {
  loads_ = std::move(loads);
  placement_.reset();
  windows_ = all_windows(loads_);
  reference_.reset();
  judged_.reset();
  Q_EMIT loadsChanged();
  Q_EMIT windowsChanged();
  Q_EMIT loadsReplaced();
}

void LoadDocument::growLoads(LoadsPtr loads) {
  growing_ = true;
  const bool all = windows_ == all_windows(loads_);
  const int gone = gone_windows(loads_, loads);
  loads_ = std::move(loads);
  placement_.reset();
  if (static_cast<std::size_t>(shown_set_) < sets_.size())
    sets_[static_cast<std::size_t>(shown_set_)] = loads_;
  else
    sets_ = {loads_};
  // Choices stay with their windows; evicted windows cannot be compared with any more.
  const bool moved = gone > 0 && reference_;
  if (moved) reference_ = shifted(*reference_, gone);
  if (moved && reference_->first < 0) reference_.reset();
  const WindowRange chosen = newest_ > 0 ? newest_windows(loads_, newest_)
                             : all       ? all_windows(loads_)
                                         : shifted(windows_, gone);
  windows_ = shifted(windows_, std::min(gone, windows_.first));
  judged_.reset();
  Q_EMIT loadsChanged();
  choose(chosen);
  if (moved) Q_EMIT referenceChanged();
}

void LoadDocument::growSets(std::vector<LoadsPtr> sets) {
  const auto same = std::find_if(sets.begin(), sets.end(), [this](const LoadsPtr& set) {
    return loads_ && set->unit == loads_->unit;
  });
  if (same == sets.end()) return setSets(std::move(sets), files_);
  shown_set_ = static_cast<int>(same - sets.begin());
  sets_ = std::move(sets);
  growLoads(sets_[static_cast<std::size_t>(shown_set_)]);
}

void LoadDocument::completeSets(std::vector<LoadsPtr> sets, QStringList files) {
  const auto same = std::find_if(sets.begin(), sets.end(), [this](const LoadsPtr& set) {
    return loads_ && !loads_->windows.empty() && set->unit == loads_->unit &&
           set->layers() == loads_->layers() && set->experts == loads_->experts;
  });
  if (same == sets.end()) return setSets(std::move(sets), std::move(files));
  const int older = older_windows(loads_, *same);
  const int count = static_cast<int>((*same)->windows.size());
  const auto moved = [older, count](WindowRange windows) {
    return WindowRange{std::min(windows.first + older, count - 1),
                       std::min(windows.last + older, count)};
  };
  files_ = std::move(files);
  shown_set_ = static_cast<int>(same - sets.begin());
  sets_ = std::move(sets);
  loads_ = sets_[static_cast<std::size_t>(shown_set_)];
  placement_.reset();
  growing_ = false;
  newest_ = 0;
  windows_ = moved(windows_);
  judged_.reset();
  if (reference_) reference_ = moved(*reference_);
  Q_EMIT loadsChanged();
  Q_EMIT windowsChanged();
  if (reference_ && older > 0) Q_EMIT referenceChanged();
}

void LoadDocument::setWindows(WindowRange windows) {
  if (follows_time_) setFollowsTime(false);
  const WindowRange all = all_windows(loads_);
  newest_ = windows.last >= all.last && windows.first > 0 ? windows.count() : 0;
  choose(windows);
}

void LoadDocument::followNewest(int count) {
  growing_ = true;
  newest_ = count;
  choose(newest_windows(loads_, count));
}

void LoadDocument::setFollowsTime(std::optional<bool> follows) {
  if (follows == follows_time_) return;
  follows_time_ = follows;
  Q_EMIT followsTimeChanged();
}

void LoadDocument::setAwaited(bool awaited) {
  if (awaited == awaited_) return;
  awaited_ = awaited;
  Q_EMIT awaitedChanged();
}

void LoadDocument::choose(WindowRange windows) {
  const int count = all_windows(loads_).last;
  windows.first = std::clamp(windows.first, 0, std::max(count - 1, 0));
  windows.last = std::clamp(windows.last, std::min(windows.first + 1, count), count);
  if (windows == windows_) return;
  windows_ = windows;
  judged_.reset();  // until the plan's document says which of them judge it
  Q_EMIT windowsChanged();
}

void LoadDocument::setJudged(std::optional<WindowRange> judged) {
  if (judged == judged_) return;
  judged_ = judged;
  Q_EMIT judgedChanged();
}

void LoadDocument::setPlan(PlanPtr plan) {
  plan_ = std::move(plan);
  placement_.reset();
  Q_EMIT planChanged();
}

void LoadDocument::setRunningPlan(PlanPtr plan) {
  if (plan == running_plan_ || (plan && running_plan_ && *plan == *running_plan_)) return;
  running_plan_ = std::move(plan);
  Q_EMIT runningPlanChanged();
}

void LoadDocument::setEngine(std::optional<WatchedEngine> engine) {
  if (engine == engine_) return;
  engine_ = engine;
  Q_EMIT engineChanged();
}

void LoadDocument::setRule(std::optional<ReplicaRule> rule) {
  if (rule == rule_) return;
  rule_ = rule;
  Q_EMIT ruleChanged();
}

void LoadDocument::setAssumed(AssumedLayout assumed) {
  if (assumed == assumed_) return;
  assumed_ = assumed;
  placement_.reset();
  Q_EMIT assumedChanged();
}

const PlacementOfLoads* LoadDocument::placement() const {
  if (!loads_) return nullptr;
  if (!placement_) placement_ = placement_of_loads(*loads_, plan_.get(), assumed_);
  return &*placement_;
}

void LoadDocument::setReference(std::optional<WindowRange> reference) {
  const int count = all_windows(loads_).last;
  if (reference && (reference->first < 0 || reference->last > count || reference->count() < 1))
    reference.reset();
  if (reference == reference_) return;
  reference_ = reference;
  Q_EMIT referenceChanged();
}

void LoadDocument::setBalanceLog(BalanceLogPtr log) {
  balance_log_ = std::move(log);
  Q_EMIT logsChanged();
}

void LoadDocument::setWaitLog(WaitLogPtr log) {
  wait_log_ = std::move(log);
  Q_EMIT logsChanged();
}

}  // namespace moescope
