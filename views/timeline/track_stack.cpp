#include "views/timeline/track_stack.h"

#include <QApplication>
#include <QLabel>
#include <QSettings>
#include <algorithm>

#include "views/common/action.h"
#include "views/plot/time_track.h"

namespace moescope {
namespace {

constexpr int kLeastLanes = 220;  // logical pixels, before strips are as high as they like
constexpr int kTrackHeight = 72;  // logical pixels, until the user chooses another
constexpr int kMost = 400;
constexpr int kStep = 8;  // per key press

QString setting(const QString& id, const char* what) {
  return QStringLiteral("timeline/strips/%1/%2").arg(id, QLatin1String(what));
}

}  // namespace

TrackStack::TrackStack(QWidget& view, QSplitter& strips, QSplitter& names)
    : QObject(&view), view_(view), strips_(strips), names_(names) {
  for (QSplitter* stack : {&strips_, &names_}) {
    stack->setHandleWidth(4);
    stack->setChildrenCollapsible(false);
  }
  connect(&strips_, &QSplitter::splitterMoved, this, [this] {
    names_.setSizes(strips_.sizes());
    followDrag();
  });
  connect(&names_, &QSplitter::splitterMoved, this, [this] {
    strips_.setSizes(names_.sizes());
    followDrag();
  });
  connect(qApp, &QApplication::focusChanged, this,
          [this](QWidget*, QWidget* now) { markFocus(now); });
}

void TrackStack::addOverview(QWidget* overview, QWidget* beside) {
  add({QStringLiteral("overview"), overview, beside, nullptr, [] { return true; },
       overview->sizeHint().height()},
      tr("Overview"));
}

void TrackStack::addLanes(QWidget* lanes, QWidget* names) {
  lanes_ = lanes;
  for (const auto& [stack, widget] : {std::pair(&strips_, lanes), std::pair(&names_, names)}) {
    stack->addWidget(widget);
    stack->setStretchFactor(stack->indexOf(widget), 1);
  }
}

void TrackStack::addTrack(TimeTrack* track) {
  auto* name = new QLabel;
  name->setObjectName("trackName." + track->id());
  name->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  name->setContentsMargins(8, 2, 4, 0);
  name->setMinimumHeight(track->minimumHeight());
  name->setContextMenuPolicy(Qt::ActionsContextMenu);
  const auto tell = [track, name] {
    name->setText(QStringLiteral("<b>%1</b><br>%2")
                      .arg(track->title().toHtmlEscaped(),
                           track->note().toHtmlEscaped().replace('\n', "<br>")));
    name->setToolTip(track->title() + '\n' + track->note());
  };
  tell();
  connect(track, &TimeTrack::dataChanged, name, tell);
  add({track->id(), track, name, nullptr, [track] { return track->hasData(); }, kTrackHeight},
      track->title());
  connect(track, &TimeTrack::dataChanged, this, [this, track, index = all_.size() - 1] {
    all_[index].shown->setText(tr("Track: %1").arg(track->title()));
    refresh(all_[index]);
  });
}

void TrackStack::add(Strip strip, const QString& title) {
  strips_.addWidget(strip.strip);
  names_.addWidget(strip.name);
  const QSettings settings;
  strip.height =
      std::clamp(settings.value(setting(strip.id, "height"), strip.height).toInt(), 20, kMost);
  strip.shown = add_command(&view_, "timeline.track_" + strip.id, tr("Track: %1").arg(title),
                            tr("Show or hide this strip of the timeline"));
  strip.shown->setCheckable(true);
  strip.shown->setChecked(!settings.value(setting(strip.id, "hidden"), false).toBool());
  strip.name->addAction(strip.shown);
  connect(strip.shown, &QAction::toggled, this, [this, index = all_.size()](bool on) {
    QSettings().setValue(setting(all_[index].id, "hidden"), !on);
    refresh(all_[index]);
  });
  actions_ << strip.shown;
  all_.push_back(std::move(strip));
  refresh(all_.back());
}

void TrackStack::refresh(const Strip& strip) {
  const bool now = strip.shown->isChecked() && strip.has_data();
  if (strip.strip->isHidden() != now && strip.name->isHidden() != now) return;
  strip.strip->setVisible(now);
  strip.name->setVisible(now);
  arrange();
}

void TrackStack::show(const QString& id) {
  for (const Strip& strip : all_)
    if (strip.id == id) strip.shown->setChecked(true);
}

int TrackStack::lowHeight() const {
  return 3 * view_.fontMetrics().lineSpacing() + 4;
}

void TrackStack::arrange() {
  if (lanes_ == nullptr) return;
  QList<int> heights = strips_.sizes();
  const int lanes = strips_.indexOf(lanes_);
  int shown = 0, wanted = 0;
  for (const Strip& strip : all_) {
    if (strip.strip->isHidden()) continue;
    ++shown;
    wanted += heights[strips_.indexOf(strip.strip)] =
        std::max(strip.height, strip.strip->minimumHeight());
  }
  heights[lanes] = strips_.height() - shown * strips_.handleWidth() - wanted;
  for (const Strip& strip : all_) {
    if (strip.strip->isHidden() || heights[lanes] >= kLeastLanes) continue;
    int& height = heights[strips_.indexOf(strip.strip)];
    const int taken =
        std::clamp(height - lowHeight(), 0, std::max(0, kLeastLanes - heights[lanes]));
    height -= taken;
    heights[lanes] += taken;
  }
  heights[lanes] = std::max(heights[lanes], lanes_->minimumHeight());
  strips_.setSizes(heights);
  names_.setSizes(strips_.sizes());
}

/// What the user dragged is what is wanted from now on.
void TrackStack::followDrag() {
  const QList<int> heights = strips_.sizes();
  QSettings settings;
  for (Strip& strip : all_) {
    if (strip.strip->isHidden()) continue;
    strip.height = heights[strips_.indexOf(strip.strip)];
    settings.setValue(setting(strip.id, "height"), strip.height);
  }
}

bool TrackStack::resizeFocused(int by) {
  const QWidget* focus = QApplication::focusWidget();
  const auto focused = std::find_if(all_.begin(), all_.end(), [&](const Strip& strip) {
    return strip.strip == focus || strip.strip->isAncestorOf(focus);
  });
  if (focused == all_.end()) return false;
  focused->height =
      std::clamp(focused->height + by * kStep, focused->strip->minimumHeight(), kMost);
  QSettings().setValue(setting(focused->id, "height"), focused->height);
  arrange();
  return true;
}

/// The name says which strip has the keyboard.
void TrackStack::markFocus(const QWidget* focus) {
  for (const Strip& strip : all_) {
    if (!strip.strip || qobject_cast<QLabel*>(strip.name) == nullptr) continue;
    strip.name->setBackgroundRole(QPalette::AlternateBase);
    strip.name->setAutoFillBackground(strip.strip == focus);
  }
}

}  // namespace moescope
