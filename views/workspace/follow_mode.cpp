#include "views/workspace/follow_mode.h"

#include <QScopedValueRollback>
#include <algorithm>

#include "views/common/action.h"
#include "views/common/units.h"

namespace moescope {

FollowMode::FollowMode(Selection& selection, QObject* parent)
    : QObject(parent),
      selection_(selection),
      action_(make_action(this, "live.follow", tr("Follow"),
                          tr("Keep the newest time in view; zooming or panning pauses it"),
                          {QKeySequence("L")})) {
  action_->setCheckable(true);
  action_->setEnabled(false);
  connect(action_, &QAction::triggered, this, &FollowMode::setFollowing);
  connect(&selection_, &Selection::fullChanged, this, &FollowMode::grow);
  connect(&selection_, &Selection::rangeChanged, this, [this] {
    if (live_ && following_ && !sliding_) setFollowing(false);
    showText();
  });
}

void FollowMode::begin() {
  live_ = true;
  newest_ = selection_.full().end;
  window_ = kFirstWindow;
  action_->setEnabled(true);
  following_ = false;
  setFollowing(true);
}

void FollowMode::end() {
  setFollowing(false);
  live_ = false;
  action_->setEnabled(false);
  showText();
}

void FollowMode::setFollowing(bool following) {
  following &= live_;
  if (following && !following_ && selection_.range() != selection_.full())
    window_ = selection_.range().length();
  const bool changed = following != following_;
  following_ = following;
  if (following_) slide();
  action_->setChecked(following_);
  showText();
  if (changed) Q_EMIT followingChanged(following_);
}

void FollowMode::grow() {
  newest_ = selection_.full().end;
  if (following_) slide();
  showText();
}

void FollowMode::slide() {
  const QScopedValueRollback sliding(sliding_, true);
  const TimeRange full = selection_.full();
  selection_.slideTo({std::max(full.begin, newest_ - window_), newest_});
}

TimeNs FollowMode::behind() const {
  return live_ && !following_ ? std::max<TimeNs>(0, newest_ - selection_.range().end) : 0;
}

void FollowMode::showText() {
  constexpr TimeNs kSecond = 1'000'000'000;
  const TimeNs late = behind();
  action_->setText(late >= kSecond
                       ? tr("Follow (%1 behind)").arg(format_time(late / kSecond * kSecond))
                       : tr("Follow"));
}

}  // namespace moescope
