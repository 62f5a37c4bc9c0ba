#include "views/workspace/documents/made_from.h"

#include <QFileInfo>
#include <algorithm>

namespace moescope {
namespace {

/// Whether the files differ, regardless of their names.
bool other_file(const std::string& a, const std::string& b) {
  const QString first = QFileInfo(QString::fromStdString(a)).canonicalFilePath();
  const QString second = QFileInfo(QString::fromStdString(b)).canonicalFilePath();
  return !first.isEmpty() && !second.isEmpty() && first != second;
}

/// The windows of `loads` within `time`.
WindowRange windows_within(const LoadSet& loads, WindowTime time) {
  const auto count = static_cast<int>(loads.times.size());
  WindowRange found{count, 0};
  for (int w = 0; w < count; ++w) {
    const WindowTime& of = loads.times[static_cast<std::size_t>(w)];
    if (of.end <= time.begin || of.begin >= time.end) continue;
    found.first = std::min(found.first, w);
    found.last = w + 1;
  }
  return found.last > found.first ? found : WindowRange{0, 0};
}

}  // namespace

MadeFrom made_from(const LoadSet& loads, WindowRange windows) {
  MadeFrom from{loads.source, loads.unit, windows, std::nullopt};
  const auto last = static_cast<std::size_t>(windows.last);
  if (windows.count() > 0 && last <= loads.times.size())
    from.time = WindowTime{loads.times[static_cast<std::size_t>(windows.first)].begin,
                           loads.times[last - 1].end};
  return from;
}

std::optional<std::pair<int, int>> windows_that_made(const MadeFrom& from, const LoadSet& loads,
                                                     WindowRange judged) {
  const std::pair none{0, 0};
  if (from.windows.count() == 0) return none;
  if (from.source != loads.source)
    return other_file(from.source, loads.source) ? std::optional(none) : std::nullopt;
  // Units serve different tokens: loads of one did not make the plan of the other.
  if (from.unit != loads.unit) return none;
  const bool timed = from.time && !loads.times.empty();
  const WindowRange made = timed ? windows_within(loads, *from.time) : from.windows;
  const int first = std::max(made.first, judged.first) - judged.first;
  const int last = std::min(made.last, judged.last) - judged.first;
  return last > first ? std::pair(first, last) : none;
}

}  // namespace moescope
