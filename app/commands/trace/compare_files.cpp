#include "app/commands/trace/compare_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/commands/command.h"
#include "app/commands/trace/comparison_output.h"
#include "app/commands/trace/open_files.h"
#include "core/analysis/compare/loads_and_plans.h"
#include "core/analysis/serving/plan_flips.h"
#include "core/error.h"
#include "core/figure_text.h"
#include "core/loads/open/open_loads.h"
#include "core/open/file_kind.h"
#include "core/placement/plan.h"
#include "core/trace/file/moetrace_loads.h"

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

/// The plan that a recording has in force at `time`; nullopt where it holds none.
std::optional<Plan> plan_at(const std::string& file, TimeNs time) {
  if (kind_of_file(file) != FileKind::Recording) return std::nullopt;
  std::optional<PlanRow> found;
  for (PlanRow& row : read_plans(file))
    if (!found || row.time <= time) found = std::move(row);
  if (!found) return std::nullopt;
  return parse_plan(found->json, file).plan;
}

/// Another plan is a cause before all others.
void name_plans(const std::optional<Plan>& a, const std::optional<Plan>& b,
                Comparison& comparison) {
  if (!a || !b) return;
  auto& causes = comparison.causes;
  try {
    const std::string words = compare_plans(*a, *b).causes.front();
    if (words != "nothing differs") causes.insert(causes.begin(), "another plan: " + words);
  } catch (const Error&) {
    causes.insert(causes.begin(), "plans of different GPUs, layers or experts");
  }
}

/// Rows and causes of the expert loads of one unit in both recordings.
void add_loads_of(const LoadSet& a, const LoadSet& b, Comparison& comparison) {
  const Comparison loads = compare_loads(a, b);
  const std::string unit = a.unit.empty() ? "all units" : a.unit;
  bool differs = false;
  for (Difference row : loads.differences) {
    // Loads of few windows differ by chance: without a known noise they are rows, not causes.
    differs |= row.significant && row.noise.has_value();
    row.label = row.label.empty() ? unit : fmt::format("{}, {}", unit, row.label);
    row.key = row.key.empty() ? unit : fmt::format("{} {}", unit, row.key);
    comparison.differences.push_back(std::move(row));
  }
  if (!differs) return;
  auto& causes = comparison.causes;
  if (causes.size() == 1 && causes.front().starts_with("nothing differs")) causes.clear();
  const std::size_t most = std::min<std::size_t>(loads.causes.size(), 2);
  for (std::size_t i = 0; i < most; ++i)
    causes.push_back(fmt::format("expert loads, {}: {}", unit, loads.causes[i]));
}

/// Loads of experts that both recordings hold, unit by unit: behind the rows of the traces.
void add_recorded_loads(const CompareRequest& request, Comparison& comparison) {
  for (const std::string& file : {request.a, request.b})
    if (kind_of_file(file) != FileKind::Recording || !has_recorded_loads(file)) return;
  const auto sets_a = read_load_sets(request.a, command_progress());
  const auto sets_b = read_load_sets(request.b, command_progress());
  for (const LoadSet& a : sets_a)
    for (const LoadSet& b : sets_b)
      if (a.unit == b.unit) add_loads_of(a, b, comparison);
}

TimeNs middle_of(const CompareSide& side) {
  return side.trace->range().begin + side.trace->range().length() / 2;
}

Compared compare_two_traces(const CompareRequest& request) {
  const CompareSide a = open_side(request.a, request), b = open_side(request.b, request);
  Comparison comparison = compare_traces(a, b, request.by, command_progress());
  try {
    add_recorded_loads(request, comparison);
  } catch (const Error&) {
    comparison.causes.emplace_back("the recordings hold expert loads of different models");
  }
  name_plans(plan_at(request.a, middle_of(a)), plan_at(request.b, middle_of(b)), comparison);
  return {std::move(comparison), side_json(a), side_json(b), request.a, request.b};
}

std::size_t wanted_flip(const CompareRequest& request, const std::vector<PlanFlip>& flips) {
  if (flips.empty())
    throw Error(request.a, "", "no change of plan was recorded that came into force",
                "Compare it with another recording, or apply a plan while it is recorded");
  if (!request.epoch) return flips.size() - 1;
  std::string known;
  for (std::size_t i = 0; i < flips.size(); ++i) {
    if (flips[i].epoch == *request.epoch) return i;
    known += fmt::format("{}{}", i == 0 ? "" : ", ", flips[i].epoch);
  }
  throw Error(request.a, "--epoch",
              fmt::format("no plan of epoch {} came into force", *request.epoch),
              "Choose one of " + known);
}

Compared compare_before_after(const CompareRequest& request) {
  const CompareSide whole = open_side(request.a, request);
  const auto flips = plan_flips(*whole.trace);
  const std::size_t at = wanted_flip(request, flips);
  const auto parts = around(flips[at]);
  if (!parts)
    throw Error(request.a, fmt::format("epoch {}", flips[at].epoch),
                "nothing was recorded before or after this change alone",
                "Record for longer on both sides of it");
  const CompareSide a = part_of(whole, parts->before, command_progress());
  const CompareSide b = part_of(whole, parts->after, command_progress());
  if (a.kernels.empty() && b.kernels.empty())
    throw Error(request.a, fmt::format("epoch {}", flips[at].epoch),
                "nothing ran before or after this change of plan",
                "Record for longer on both sides of it");
  const auto words = [&](const char* side, TimeRange range) {
    return fmt::format("{} {} the plan of epoch {}, {} from {}", request.a, side, flips[at].epoch,
                       duration_text(static_cast<double>(range.length())),
                       duration_text(static_cast<double>(range.begin)));
  };
  const auto json = [&](const CompareSide& side, const char* word, TimeRange range) {
    Json object = side_json(side);
    object["part"] = word;
    object["epoch"] = flips[at].epoch;
    object["begin_ns"] = range.begin;
    object["end_ns"] = range.end;
    return object;
  };
  Comparison comparison = compare_traces(a, b, request.by, command_progress());
  name_plans(plan_at(request.a, parts->before.begin), plan_at(request.a, parts->after.end),
             comparison);
  return {
      std::move(comparison), json(a, "before", parts->before), json(b, "after", parts->after),
      words(parts->copying ? "before (while its weights were copied)" : "before", parts->before),
      words("after", parts->after)};
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
