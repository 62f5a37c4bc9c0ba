#include "core/analysis/compare/placement/recorded.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/analysis/compare/placement/loads_and_plans.h"
#include "core/error.h"
#include "core/open/file_kind.h"
#include "core/placement/plan.h"

namespace moescope {
namespace {

/// Most sentences about the loads of one unit.
constexpr std::size_t kMostLoadCauses = 2;

/// The plan in force at `time`, else the first one.
std::optional<Plan> plan_at(const RecordedPlans& plans, TimeNs time) {
  const PlanRow* found = nullptr;
  for (const PlanRow& row : plans)
    if (found == nullptr || row.time <= time) found = &row;
  if (found == nullptr) return std::nullopt;
  return parse_plan(found->json, found->name).plan;
}

/// Rows and causes of one unit in both recordings.
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
  for (std::size_t i = 0; i < std::min(loads.causes.size(), kMostLoadCauses); ++i)
    causes.push_back(fmt::format("expert loads, {}: {}", unit, loads.causes[i]));
}

}  // namespace

RecordedPlans read_recorded_plans(const std::filesystem::path& file) {
  return kind_of_file(file) == FileKind::Recording ? read_plans(file) : RecordedPlans();
}

LoadsOfUnits read_recorded_loads(const std::filesystem::path& file, Progress& progress) {
  const bool some = kind_of_file(file) == FileKind::Recording && has_recorded_loads(file);
  return some ? read_load_sets(file, progress) : LoadsOfUnits();
}

void add_recorded_loads(const LoadsOfUnits& a, const LoadsOfUnits& b, Comparison& comparison) {
  try {
    for (const LoadSet& one : a)
      for (const LoadSet& other : b)
        if (one.unit == other.unit) add_loads_of(one, other, comparison);
  } catch (const Error&) {
    comparison.causes.emplace_back("the recordings hold expert loads of different models");
  }
}

void add_plan_cause(const RecordedPlans& a, TimeNs time_a, const RecordedPlans& b, TimeNs time_b,
                    Comparison& comparison) {
  const auto one = plan_at(a, time_a), other = plan_at(b, time_b);
  if (!one || !other) return;
  std::string cause;
  try {
    const std::string words = compare_plans(*one, *other).causes.front();
    if (words == "nothing differs") return;
    cause = "another plan: " + words;
  } catch (const Error&) {
    cause = "plans of different GPUs, layers or experts";
  }
  auto& causes = comparison.causes;
  std::erase(causes, "nothing differs");
  causes.insert(causes.begin(), std::move(cause));
}

}  // namespace moescope
