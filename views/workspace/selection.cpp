#include "views/workspace/selection.h"

#include <QDateTime>
#include <algorithm>
#include <cmath>

namespace moescope {
namespace {
constexpr qint64 kMergeMs = 1000;
constexpr std::size_t kMaxHistory = 200;
}  // namespace

Selection::Selection(QObject* parent) : QObject(parent) {}

void Selection::reset(TimeRange full) {
  full_ = full.empty() ? TimeRange{full.begin, full.begin + kMinRange} : full;
  reach_ = {};
  history_ = {full_};
  history_position_ = 0;
  last_change_ms_ = 0;
  cursor_.reset();
  hovered_ = {};
  selected_.clear();
  area_.reset();
  if (scope_ == FigureScope::Selected) scope_ = FigureScope::Trace;
  process_filter_.reset();
  setFound(nullptr);
  applyRange(full_);
  Q_EMIT historyChanged();
  Q_EMIT cursorChanged();
  Q_EMIT hoveredChanged();
  spansChanged();
  Q_EMIT processFilterChanged();
  Q_EMIT scopeChanged();
}

void Selection::grow(TimeRange full) {
  if (full.empty() || full == full_) return;
  full_ = full;
  Q_EMIT fullChanged();
}

void Selection::setReach(TimeRange reach) {
  reach_ = reach;
  slideTo(range_);
}

void Selection::slideTo(TimeRange range) {
  range = clamped(range);
  if (range == range_) return;
  history_[history_position_] = range;
  applyRange(range);
}

TimeRange Selection::clamped(TimeRange range) const {
  TimeRange all = full_;
  if (!reach_.empty()) all = {std::min(all.begin, reach_.begin), std::max(all.end, reach_.end)};
  const TimeNs length = std::clamp(range.length(), std::min(kMinRange, all.length()), all.length());
  const TimeNs begin = std::clamp(range.begin, all.begin, all.end - length);
  return {begin, begin + length};
}

void Selection::applyRange(TimeRange range) {
  range_ = range;
  Q_EMIT rangeChanged(range_);
  if (scope_ == FigureScope::Visible) Q_EMIT scopeChanged();
}

void Selection::setRange(TimeRange range) {
  range = clamped(range);
  if (range == range_) return;
  const qint64 now = QDateTime::currentMSecsSinceEpoch();
  const bool merge = now - last_change_ms_ < kMergeMs && history_position_ > 0;
  last_change_ms_ = now;
  history_.resize(history_position_ + 1);
  if (merge) {
    history_.back() = range;
  } else {
    history_.push_back(range);
    if (history_.size() > kMaxHistory) history_.erase(history_.begin());
  }
  history_position_ = history_.size() - 1;
  applyRange(range);
  Q_EMIT historyChanged();
}

void Selection::zoom(double factor, TimeNs anchor) {
  const double left = static_cast<double>(anchor - range_.begin) * factor;
  const double right = static_cast<double>(range_.end - anchor) * factor;
  const auto begin = anchor - static_cast<TimeNs>(std::llround(left));
  auto end = anchor + static_cast<TimeNs>(std::llround(right));
  if (end - begin < kMinRange) end = begin + kMinRange;
  setRange({begin, end});
}

void Selection::pan(double fraction) {
  const auto shift =
      static_cast<TimeNs>(std::llround(static_cast<double>(range_.length()) * fraction));
  setRange({range_.begin + shift, range_.end + shift});
}

void Selection::goBack() {
  if (!canGoBack()) return;
  last_change_ms_ = 0;
  applyRange(clamped(history_[--history_position_]));
  Q_EMIT historyChanged();
}

void Selection::goForward() {
  if (!canGoForward()) return;
  last_change_ms_ = 0;
  applyRange(clamped(history_[++history_position_]));
  Q_EMIT historyChanged();
}

void Selection::setCursor(std::optional<TimeNs> time) {
  if (time == cursor_) return;
  cursor_ = time;
  Q_EMIT cursorChanged();
}

void Selection::setHovered(SpanRef span) {
  if (span == hovered_) return;
  hovered_ = span;
  Q_EMIT hoveredChanged();
}

void Selection::selectSpan(SpanRef span, bool extend) {
  if (!extend) selected_.clear();
  if (const auto it = std::find(selected_.begin(), selected_.end(), span); it != selected_.end())
    selected_.erase(it);
  else if (span.valid())
    selected_.push_back(span);
  spansChanged();
}

/// What is known of the span before is dropped before anybody hears of the next.
void Selection::spansChanged() {
  if (token_flow_ && token_flow_->of != currentSpan()) setTokenFlow(nullptr);
  Q_EMIT selectionChanged();
}

void Selection::setTokenFlow(std::shared_ptr<const TokenFlow> flow) {
  if (flow == token_flow_) return;
  token_flow_ = std::move(flow);
  Q_EMIT tokenFlowChanged();
}

void Selection::setArea(std::optional<AreaSelection> area) {
  if (area == area_) return;
  area_ = std::move(area);
  Q_EMIT selectionChanged();
  if (scope_ != FigureScope::Selected) return;
  if (!area_) scope_ = scope_without_area_;
  Q_EMIT scopeChanged();
}

void Selection::markArea(const AreaSelection& area) {
  if (area.range.empty()) return setArea({});  // a drag straight up or down
  setArea(area);
  setScope(FigureScope::Selected);
}

void Selection::setScope(FigureScope scope) {
  if (scope == scope_ || (scope == FigureScope::Selected && !area_)) return;
  scope_ = scope;
  if (scope != FigureScope::Selected) scope_without_area_ = scope;
  Q_EMIT scopeChanged();
}

std::optional<AreaSelection> Selection::scopeArea() const {
  if (scope_ == FigureScope::Visible) return AreaSelection{range_, {}};
  return scope_ == FigureScope::Selected ? area_ : std::nullopt;
}

bool Selection::clearSelection() {
  if (area_) {
    setArea({});
    return true;
  }
  if (!selected_.empty()) {
    selected_.clear();
    spansChanged();
    return true;
  }
  if (!found_) return false;
  setFound(nullptr);
  Q_EMIT foundCleared();
  return true;
}

void Selection::setFound(HitMapPtr found) {
  if (found == found_) return;
  found_ = std::move(found);
  Q_EMIT foundChanged();
}

void Selection::setPlace(ModelPlace place) {
  if (place == place_) return;
  place_ = place;
  Q_EMIT placeChanged();
}

void Selection::setHoveredPlace(ModelPlace place) {
  if (place == hovered_place_) return;
  hovered_place_ = place;
  Q_EMIT hoveredPlaceChanged();
}

void Selection::fitPlace(int layers, int experts) {
  setHoveredPlace({});
  ModelPlace kept = place_;
  if (kept.layer >= layers) kept.layer = -1;
  if (kept.expert >= experts) kept.expert = -1;
  setPlace(kept);
}

void Selection::setProcessFilter(std::optional<ProcessId> process) {
  if (process == process_filter_) return;
  process_filter_ = process;
  Q_EMIT processFilterChanged();
}

}  // namespace moescope
