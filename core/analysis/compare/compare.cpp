#include "core/analysis/compare/compare.h"

#include <fmt/format.h>

#include "core/analysis/compare/causes.h"
#include "core/analysis/compare/rows.h"
#include "core/error.h"

namespace moescope {
namespace {

bool names_layers(const CompareSide& side) {
  return !side.layers.empty();
}

std::string steps_text(const TraceSteps& steps) {
  return fmt::format("{} steps ({})", steps.steps.size(), steps.how);
}

[[noreturn]] void cannot_align(const char* by, const CompareSide& side) {
  const auto& files = side.trace->info().files;
  throw Error(files.empty() ? "" : files.front(), "",
              fmt::format("the trace names no {}s, so it cannot be aligned by them", by),
              "Align by time, or let the program choose");
}

Alignment choose(const CompareSide& a, const CompareSide& b, std::optional<Alignment> by) {
  const bool steps = !a.steps.steps.empty() && !b.steps.steps.empty();
  const bool layers = names_layers(a) && names_layers(b);
  if (!by) return steps ? Alignment::Step : layers ? Alignment::Layer : Alignment::Time;
  if (*by == Alignment::Step && !steps) cannot_align("step", a.steps.steps.empty() ? a : b);
  if (*by == Alignment::Layer && !layers) cannot_align("layer", names_layers(a) ? b : a);
  return *by;
}

std::string why(Alignment by, const CompareSide& a, const CompareSide& b) {
  switch (by) {
    case Alignment::Step:
      return fmt::format("{} beside {}", steps_text(a.steps), steps_text(b.steps));
    case Alignment::Layer:
      return "layers with the same name";
    case Alignment::Time:
      return "totals only";
  }
  return "";
}

}  // namespace

const char* to_string(Alignment alignment) {
  switch (alignment) {
    case Alignment::Step:
      return "step";
    case Alignment::Layer:
      return "layer";
    case Alignment::Time:
      return "time";
  }
  return "";
}

Comparison compare_traces(const CompareSide& a, const CompareSide& b, std::optional<Alignment> by,
                          Progress& progress) {
  Comparison result;
  result.aligned_by = choose(a, b, by);
  result.aligned_why = why(result.aligned_by, a, b);
  auto& rows = result.differences;
  for (const auto add : {add_trace_rows, add_setup_rows, add_phase_rows, add_device_rows,
                         add_work_rows, add_sm_pair_rows}) {
    progress.check();
    add(a, b, rows);
  }
  if (result.aligned_by != Alignment::Time) add_layer_rows(a, b, rows);
  if (result.aligned_by == Alignment::Step) add_step_rows(a, b, rows);
  result.causes = causes_of(result);
  return result;
}

}  // namespace moescope
