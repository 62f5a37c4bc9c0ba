#include "core/analysis/compare/plan_change.h"

#include <fmt/format.h>

#include "core/error.h"

namespace moescope {
namespace {

std::string file_of(const Trace& trace) {
  return trace.info().files.empty() ? std::string() : trace.info().files.front();
}

PlanFlip wanted_flip(const Trace& trace, std::optional<std::uint64_t> epoch) {
  const auto flips = plan_flips(trace);
  if (flips.empty())
    throw Error(file_of(trace), "", "no change of plan was recorded that came into force",
                "Compare it with another recording, or apply a plan while it is recorded");
  if (!epoch) return flips.back();
  std::string known;
  for (const PlanFlip& flip : flips) {
    if (flip.epoch == *epoch) return flip;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", flip.epoch);
  }
  throw Error(file_of(trace), "", fmt::format("no plan of epoch {} came into force", *epoch),
              "Choose one of " + known, "--epoch");
}

[[noreturn]] void nothing_around(const Trace& trace, const PlanFlip& flip, const char* problem) {
  throw Error(file_of(trace), fmt::format("epoch {}", flip.epoch), problem,
              "Record for longer on both sides of it");
}

}  // namespace

PlanChangeSides plan_change_sides(const CompareSide& whole, std::optional<std::uint64_t> epoch,
                                  Progress& progress) {
  const Trace& trace = *whole.trace;
  PlanChangeSides sides;
  sides.flip = wanted_flip(trace, epoch);
  const auto times = around(sides.flip);
  if (!times)
    nothing_around(trace, sides.flip, "nothing was recorded before or after this change alone");
  sides.times = *times;
  sides.before = part_of(whole, times->before, progress);
  sides.after = part_of(whole, times->after, progress);
  if (sides.before.kernels.empty() && sides.after.kernels.empty())
    nothing_around(trace, sides.flip, "nothing ran before or after this change of plan");
  return sides;
}

}  // namespace moescope
