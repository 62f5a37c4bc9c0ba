#include "views/load/load_sums.h"

namespace moescope {
namespace {

constexpr std::size_t kAtOnce = 4'000'000;  ///< counts that are summed within some milliseconds
}  // namespace

LoadSumsPtr sum_loads(const LoadsPtr& loads, WindowRange windows,
                      std::optional<WindowRange> reference) {
  auto sums = std::make_shared<LoadSums>();
  sums->loads = loads;
  sums->windows = windows;
  sums->shown = sum_windows(*loads, windows.first, windows.last);
  sums->reference_windows = reference;
  if (!reference) return sums;
  const bool inside = reference->first <= windows.first && windows.last <= reference->last;
  if (inside && *reference == windows) return sums;
  if (inside) {
    sums->reference =
        sum_windows_but(*loads, reference->first, reference->last, windows.first, windows.last);
    sums->compared = sums->shown;
    sums->reference_cut = true;
    return sums;
  }
  sums->reference = sum_windows(*loads, reference->first, reference->last);
  sums->compared =
      sum_windows_but(*loads, windows.first, windows.last, reference->first, reference->last);
  return sums;
}

LoadSumKeeper::LoadSumKeeper(LoadDocument& document, Of of, QObject* parent)
    : QObject(parent), document_(document), of_(of) {
  connect(&document, &LoadDocument::loadsChanged, this, &LoadSumKeeper::refresh);
  connect(&document, &LoadDocument::windowsChanged, this, &LoadSumKeeper::refresh);
  connect(&document, &LoadDocument::referenceChanged, this, &LoadSumKeeper::refresh);
  if (of == Of::Judged)
    connect(&document, &LoadDocument::judgedChanged, this, &LoadSumKeeper::refresh);
  refresh();
}

bool LoadSumKeeper::current() const {
  return sums_ && sums_->loads == document_.loads() && sums_->windows == windows() &&
         sums_->reference_windows == document_.reference();
}

void LoadSumKeeper::show(LoadSumsPtr sums) {
  sums_ = std::move(sums);
  Q_EMIT sumsChanged();
}

void LoadSumKeeper::refresh() {
  const LoadsPtr& loads = document_.loads();
  if (!loads) {
    job_.abandon();
    if (sums_) show(nullptr);
    return;
  }
  const WindowRange windows = this->windows();
  if (current() || windows.count() < 1 ||
      windows.last > static_cast<int>(loads->windows.size()))  // between two changes
    return;
  const auto reference = document_.reference();
  const auto counted =
      static_cast<std::size_t>(windows.count() + (reference ? reference->count() : 0)) *
      static_cast<std::size_t>(loads->layers()) * static_cast<std::size_t>(loads->experts);
  if (counted <= kAtOnce) return show(sum_loads(loads, windows, reference));
  job_.start(
      tr("Summing expert loads"),
      [loads, windows, reference](Progress&) { return sum_loads(loads, windows, reference); },
      [this](LoadSumsPtr sums) {
        if (sums->loads == document_.loads()) show(std::move(sums));
      });
}

void LoadSumKeeper::finish() {
  if (!document_.loads() || current()) return;
  job_.abandon();
  show(sum_loads(document_.loads(), windows(), document_.reference()));
}

}  // namespace moescope
