#include "core/loads/judged_windows.h"

#include <fmt/format.h>

#include <algorithm>

namespace moescope {
namespace {

std::string range_text(int first, int last) {
  return last - first == 1 ? fmt::format("window {}", first)
                           : fmt::format("windows {} to {}", first, last - 1);
}

std::string judged_text(int first, int last, int of) {
  if (last - first < of) return range_text(first, last);
  return of == 1 ? std::string("the only window") : fmt::format("all {} windows", of);
}

}  // namespace

JudgedWindows judged_windows(int windows, std::optional<std::pair<int, int>> made_from) {
  if (!made_from) return {0, windows, false};
  if (made_from->second < windows) return {made_from->second, windows, true};
  if (made_from->first > 0) return {0, made_from->first, true};
  return {0, windows, false};
}

int windows_to_make_from(int windows) {
  constexpr int kPartThatJudges = 4;
  if (windows < 2) return windows;
  return windows - std::max(1, windows / kPartThatJudges);
}

std::string judgement_text(int first, int last, int of,
                           std::optional<std::pair<int, int>> made_from) {
  const JudgedWindows judged = judged_windows(last - first, made_from);
  const std::string on = "judged on " + judged_text(first + judged.first, first + judged.last, of);
  if (!made_from) return on + "; what it was made from is not known";
  if (!judged.held_out) return on + ", which it was made from";
  if (made_from->first == made_from->second) return on + ", which it was not made from";
  return fmt::format("made from {}, {}",
                     range_text(first + made_from->first, first + made_from->second), on);
}

}  // namespace moescope
