#include "core/analysis/compare/condition.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <cmath>
#include <limits>
#include <map>

#include "core/error.h"

namespace moescope {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string problem) {
  throw Error("", fmt::format("condition '{}'", text), std::move(problem),
              "Write a figure, > or <, and a change, as in exposed_comm_ns>+5% or comm_ns<-2ms");
}

double factor_of(std::string_view text, const std::string& figure, const std::string& unit) {
  static const std::map<std::string, double> kTimes = {
      {"", 1}, {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  if (unit.empty()) return 1;
  if (!figure.ends_with("_ns") || figure.ends_with("_sm_ns"))
    refuse(text, fmt::format("{} is no time, so its change has no unit '{}'", figure, unit));
  return kTimes.at(unit);
}

const Difference& whole_row(const Comparison& comparison, const FailCondition& condition) {
  std::vector<std::string> names;
  for (const Difference& row : comparison.differences) {
    if (!row.key.empty()) continue;
    if (row.figure == condition.figure) return row;
    names.push_back(row.figure);
  }
  refuse(condition.text, fmt::format("there is no figure '{}'; there are {}", condition.figure,
                                     fmt::join(names, ", ")));
}

}  // namespace

FailCondition parse_condition(std::string_view text) {
  static const RE2 form(
      R"(\s*(\w+)\s*([<>])\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(%|ns|us|ms|s|)\s*)");
  FailCondition condition;
  condition.text = text;
  std::string relation, number, unit;
  if (!RE2::FullMatch(re2::StringPiece(text.data(), text.size()), form, &condition.figure,
                      &relation, &number, &unit))
    refuse(text, "this is no condition");
  condition.above = relation == ">";
  condition.relative = unit == "%";
  condition.limit = std::stod(number);
  if (!condition.relative) condition.limit *= factor_of(text, condition.figure, unit);
  return condition;
}

bool holds(const FailCondition& condition, const Comparison& comparison) {
  const Difference& row = whole_row(comparison, condition);
  if (!row.a || !row.b)
    refuse(condition.text, fmt::format("{} does not have {}", row.a ? "B" : "A", row.figure));
  double change = *row.b - *row.a;
  if (condition.relative && change != 0)
    change = *row.a == 0 ? change * std::numeric_limits<double>::infinity()
                         : 100 * change / std::abs(*row.a);
  return condition.above ? change > condition.limit : change < condition.limit;
}

}  // namespace moescope
