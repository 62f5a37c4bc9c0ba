#include "views/common/load_document.h"

#include <algorithm>

namespace moescope {
namespace {

WindowRange all_windows(const LoadsPtr& loads) {
  return {0, loads ? static_cast<int>(loads->windows.size()) : 0};
}

}  // namespace

void LoadDocument::setLoads(LoadsPtr loads, QStringList files) {
  loads_ = std::move(loads);
  files_ = std::move(files);
  windows_ = all_windows(loads_);
  const int layers = loads_ ? loads_->layers() : 0, experts = loads_ ? loads_->experts : 0;
  Q_EMIT loadsChanged();
  Q_EMIT windowsChanged();
  LoadSelection kept = selection_;
  if (kept.layer >= layers) kept.layer = -1;
  if (kept.expert >= experts) kept.expert = -1;
  setHovered({});
  setSelection(kept);
}

void LoadDocument::growLoads(LoadsPtr loads) {
  const bool all = windows_ == all_windows(loads_);
  loads_ = std::move(loads);
  Q_EMIT loadsChanged();
  setWindows(all ? all_windows(loads_) : windows_);
}

void LoadDocument::setWindows(WindowRange windows) {
  const int count = all_windows(loads_).last;
  windows.first = std::clamp(windows.first, 0, std::max(count - 1, 0));
  windows.last = std::clamp(windows.last, std::min(windows.first + 1, count), count);
  if (windows == windows_) return;
  windows_ = windows;
  Q_EMIT windowsChanged();
}

void LoadDocument::setPlan(PlanPtr plan) {
  plan_ = std::move(plan);
  Q_EMIT planChanged();
}

void LoadDocument::setSelection(LoadSelection selection) {
  if (selection == selection_) return;
  selection_ = selection;
  Q_EMIT selectionChanged();
}

void LoadDocument::setHovered(LoadSelection hovered) {
  if (hovered == hovered_) return;
  hovered_ = hovered;
  Q_EMIT hoveredChanged();
}

}  // namespace moescope
