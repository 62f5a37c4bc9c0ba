// Which windows of loads judge a plan: others than those that made it, where there are any.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace moescope {

/// Windows [first, last) that should judge a plan made from `made_from`, and whether none of them
/// made it: those after, else those before, else all.
struct JudgedWindows {
  int first = 0, last = 0;
  bool held_out = false;
};
/// @param made_from [first, last), empty when none of the windows made it; nullopt: not known
JudgedWindows judged_windows(int windows, std::optional<std::pair<int, int>> made_from);

/// How many of `windows`, which follow one another in time, a plan is made from so that the later
/// ones can judge it: three quarters; all when there are fewer than two.
int windows_to_make_from(int windows);

/// "made from windows 0 to 5, judged on windows 6 to 7", "judged on all 8 windows, which it was
/// made from", and the like where that is unknown.
/// @param first,last the windows that can judge, of `of` windows
/// @param made_from as above, counted from `first`
std::string judgement_text(int first, int last, int of,
                           std::optional<std::pair<int, int>> made_from);

}  // namespace moescope
