#include "views/workspace/window_follow.h"

#include <algorithm>

#include "core/loads/windows_at.h"

namespace moescope {
namespace {
constexpr int kDelayMs = 120;  // sums of loads need not keep up with panning
}

WindowFollow::WindowFollow(TraceDocument& trace, LoadDocument& loads, Selection& selection,
                           QObject* parent)
    : QObject(parent), trace_(trace), loads_(loads), selection_(selection) {
  delay_.setSingleShot(true);
  delay_.setInterval(kDelayMs);
  connect(&delay_, &QTimer::timeout, this, &WindowFollow::follow);
  connect(&selection_, &Selection::rangeChanged, this, [this] {
    if (loads_.followsTime() == true && !delay_.isActive()) delay_.start();
  });
  connect(&loads_, &LoadDocument::followsTimeChanged, this, &WindowFollow::follow);
  connect(&loads_, &LoadDocument::loadsChanged, this, &WindowFollow::refreshClock);
  connect(&trace_, &TraceDocument::traceChanged, this, &WindowFollow::refreshClock);
}

void WindowFollow::refreshClock() {
  const QStringList& files = trace_.files();
  const bool same =
      trace_.trace() && loads_.loads() && !loads_.growing() && !loads_.loads()->times.empty() &&
      std::any_of(files.begin(), files.end(),
                  [this](const QString& file) { return loads_.files().contains(file); });
  if (!same)
    loads_.setFollowsTime({});
  else if (!loads_.followsTime())
    loads_.setFollowsTime(true);
}

void WindowFollow::follow() {
  const LoadsPtr& loads = loads_.loads();
  if (loads_.followsTime() != true || !loads) return;
  const TimeRange range = selection_.range();
  if (range == selection_.full())
    return loads_.showWindows({0, static_cast<int>(loads->windows.size())});
  if (const auto windows = windows_at(*loads, range.begin, range.end))
    loads_.showWindows({windows->first, windows->second});
}

}  // namespace moescope
