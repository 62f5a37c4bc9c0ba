// A figure of two things that are compared, and all of them together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace moescope {

/// How two traces were laid beside each other.
enum class Alignment : std::uint8_t {
  Step,   ///< step by step: the rows of steps are of steps with the same number
  Layer,  ///< layer by layer, by name
  Time,   ///< not at all: totals only
};
const char* to_string(Alignment alignment);  ///< "step", "layer", "time"

enum class FigureUnit : std::uint8_t { Ns, Count, Percent, SmNs, Ratio };

/// What became of it.
enum class Change : std::uint8_t { Same, New, Gone, Slower, Faster, More, Less };
const char* to_string(Change change);  ///< "same", "new", "gone", "slower", ...

/// One figure of both. Times are ns and whole.
struct Difference {
  /// "trace", "device", "class", "kernel", "layer", "step", "sm_pair"; of loads "loads", "layer",
  /// "expert"; of plans "plan", "layer".
  std::string scope;
  std::string key;     ///< "" for the whole; "rank 0, GPU 0", "combine", "12", "20+112"
  std::string label;   ///< for people, where the key is long
  std::string figure;  ///< "comm_ns", "total_ns", "count", ...
  FigureUnit unit = FigureUnit::Ns;
  std::optional<double> a, b;  ///< nullopt: that side does not have it
  /// Means per step, for what was added up over steps; judged where the traces have different
  /// numbers of them.
  std::optional<double> a_per_step, b_per_step;
  /// How far b may lie from a by what varies from step to step; of the means per step where the
  /// traces have different numbers of steps. Nullopt: not known.
  std::optional<double> noise;
  bool significant = false;
  Change change = Change::Same;

  double delta() const { return b.value_or(0) - a.value_or(0); }
  std::optional<double> delta_percent() const;  ///< of a; nullopt where a is missing or 0
};

struct Comparison {
  Alignment aligned_by = Alignment::Time;
  std::string aligned_why;  ///< "12 steps of each, from annotations \"ProfilerStep#\""
  std::vector<Difference> differences;
  std::vector<std::string> causes;  ///< sentences, the largest first; never empty
};

/// Smaller differences are never significant, % of the larger value.
inline constexpr double kSameWithinPercent = 1;

}  // namespace moescope
