#include "app/commands/trace/compare_files.h"

#include <fmt/format.h>

#include "app/commands/command.h"
#include "app/commands/trace/comparison_output.h"
#include "app/commands/trace/open_files.h"
#include "core/analysis/compare/placement/loads_and_plans.h"
#include "core/analysis/compare/placement/recorded.h"
#include "core/analysis/compare/plan_change.h"
#include "core/figure_text.h"
#include "core/loads/open/open_loads.h"
#include "core/open/file_kind.h"
#include "core/placement/plan.h"

namespace moescope {
namespace {

CompareSide open_side(const std::string& file, const CompareRequest& request) {
  ImportOptions import;
  // Changes of plan are told by arguments.
  import.keep_args = request.b.empty();
  const RuleSet rules = request.rules.empty() ? RuleSet::built_in() : read_rules(request.rules);
  return compare_side(open_files({file}, import, {}, command_progress()), rules,
                      command_progress());
}

TimeNs middle_of(const CompareSide& side) {
  return side.trace->range().begin + side.trace->range().length() / 2;
}

Compared compare_two_traces(const CompareRequest& request) {
  const CompareSide a = open_side(request.a, request), b = open_side(request.b, request);
  Comparison comparison = compare_traces(a, b, request.by, command_progress());
  add_recorded_loads(read_recorded_loads(request.a, command_progress()),
                     read_recorded_loads(request.b, command_progress()), comparison);
  add_plan_cause(read_recorded_plans(request.a), middle_of(a), read_recorded_plans(request.b),
                 middle_of(b), comparison);
  return {std::move(comparison), side_json(a), side_json(b), request.a, request.b};
}

Compared compare_before_after(const CompareRequest& request) {
  const CompareSide whole = open_side(request.a, request);
  const PlanChangeSides sides = plan_change_sides(whole, request.epoch, command_progress());
  const auto& [before, after, copying] = sides.times;
  const auto words = [&](const char* side, TimeRange range) {
    return fmt::format("{} {} the plan of epoch {}, {} from {}", request.a, side, sides.flip.epoch,
                       duration_text(static_cast<double>(range.length())),
                       duration_text(static_cast<double>(range.begin)));
  };
  const auto json = [&](const CompareSide& side, const char* word, TimeRange range) {
    Json object = side_json(side);
    object["part"] = word;
    object["epoch"] = sides.flip.epoch;
    object["begin_ns"] = range.begin;
    object["end_ns"] = range.end;
    return object;
  };
  Comparison comparison = compare_traces(sides.before, sides.after, request.by, command_progress());
  const RecordedPlans plans = read_recorded_plans(request.a);
  add_plan_cause(plans, before.begin, plans, after.end, comparison);
  return {std::move(comparison), json(sides.before, "before", before),
          json(sides.after, "after", after),
          words(copying ? "before (while its weights were copied)" : "before", before),
          words("after", after)};
}

}  // namespace

Compared compare_files(const CompareRequest& request) {
  const FileKind a = kind_of_file(request.a);
  if (request.b.empty()) return compare_before_after(request);
  const FileKind b = kind_of_file(request.b);
  const auto either = [&](FileKind kind) { return a == kind || b == kind; };
  const Json files_a = {{"files", {request.a}}}, files_b = {{"files", {request.b}}};
  if (either(FileKind::Plan))
    return {compare_plans(load_plan(request.a), load_plan(request.b)), files_a, files_b, request.a,
            request.b};
  if (either(FileKind::Loads))
    return {compare_loads(read_loads(request.a, command_progress()),
                          read_loads(request.b, command_progress())),
            files_a, files_b, request.a, request.b};
  return compare_two_traces(request);
}

}  // namespace moescope
