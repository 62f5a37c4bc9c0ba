#include "app/commands/trace/comparison_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/commands/trace/analyze_json.h"
#include "core/figure_text.h"

namespace moescope {
namespace {

Json number(double value, FigureUnit unit) {
  if (unit == FigureUnit::Percent || unit == FigureUnit::Ratio)
    return std::round(value * 1e4) / 1e4;
  return std::abs(value - std::round(value)) < 1e-6 ? Json(std::llround(value)) : Json(value);
}

Json number(const std::optional<double>& value, FigureUnit unit) {
  return value ? number(*value, unit) : Json();
}

/// Times and counts are rounded, as noise is an estimate.
Json noise_json(const Difference& row) {
  if (!row.noise) return {};
  const bool fine = row.unit == FigureUnit::Percent || row.unit == FigureUnit::Ratio;
  return fine ? number(*row.noise, row.unit) : Json(std::round(*row.noise));
}

Json difference_json(const Difference& row) {
  const auto percent = row.delta_percent();
  Json json = {{"scope", row.scope},
               {"key", row.key},
               {"label", row.label},
               {"figure", row.figure},
               {"a", number(row.a, row.unit)},
               {"b", number(row.b, row.unit)},
               {"delta", number(row.delta(), row.unit)},
               {"delta_pct", number(percent, FigureUnit::Percent)},
               {"noise", noise_json(row)},
               {"significant", row.significant},
               {"change", to_string(row.change)}};
  if (row.a_per_step || row.b_per_step) {
    json["a_per_step"] = number(row.a_per_step, FigureUnit::Ratio);
    json["b_per_step"] = number(row.b_per_step, FigureUnit::Ratio);
  }
  return json;
}

std::string value_text(const std::optional<double>& value, FigureUnit unit) {
  if (!value) return "-";
  switch (unit) {
    case FigureUnit::Ns:
      return duration_text(*value);
    case FigureUnit::Percent:
      return fmt::format("{:.1f} %", *value);
    case FigureUnit::SmNs:
      return fmt::format("{:.4g} SM s", *value / 1e9);
    case FigureUnit::Count:
      return count_text(std::llround(*value));
    case FigureUnit::Ratio:
      return fmt::format("{:.4f}", *value);
  }
  return "";
}

void print_row(const Difference& row) {
  const auto percent = row.delta_percent();
  fmt::print("  {:<10.10} {:<38.38} {:<22.22} {:>11} {:>11} {:>9}  {}\n", row.scope, row.label,
             row.figure, value_text(row.a, row.unit), value_text(row.b, row.unit),
             percent ? fmt::format("{:+.1f} %", *percent) : "", to_string(row.change));
}

/// Rows of the whole, then those of parts that changed most.
void print_rows(const Comparison& comparison, int most) {
  fmt::print("\n  {:<10} {:<38} {:<22} {:>11} {:>11} {:>9}  {}\n", "scope", "of", "figure", "A",
             "B", "change", "");
  std::vector<const Difference*> parts;
  for (const Difference& row : comparison.differences) {
    if (row.key.empty())
      print_row(row);
    else if (row.significant && row.figure != "mean_ns" && row.figure != "count")
      parts.push_back(&row);
  }
  std::stable_sort(parts.begin(), parts.end(), [](const auto* x, const auto* y) {
    return std::abs(x->delta()) > std::abs(y->delta());
  });
  const std::size_t shown = std::min(parts.size(), static_cast<std::size_t>(std::max(most, 0)));
  for (std::size_t i = 0; i < shown; ++i) print_row(*parts[i]);
  if (shown < parts.size())
    fmt::print("  {} more significant changes: --rows, or --json for all\n", parts.size() - shown);
}

}  // namespace

Json side_json(const CompareSide& side) {
  Json json = {{"files", side.trace->info().files}, {"devices", Json::array()}};
  for (const DeviceOverlap& device : side.analysis->overlap)
    json["devices"].push_back(
        device_json(*side.trace, device, find_sm(side.analysis->sm, device.key), {}));
  if (side.step) {
    json["step"] = {{"number", side.step->number},
                    {"phase", side.step->phase.empty() ? Json() : Json(side.step->phase)},
                    {"begin_ns", side.step->range.begin},
                    {"end_ns", side.step->range.end}};
    return json;
  }
  json["steps"] = side.steps.steps.empty() ? Json()
                                           : Json({{"count", side.steps.steps.size()},
                                                   {"source", to_string(*side.steps.source)},
                                                   {"how", side.steps.how}});
  return json;
}

Json comparison_json(Json a, Json b, const Comparison& comparison,
                     const std::vector<Outcome>& outcomes) {
  Json json = {{"schema", 1},
               {"a", std::move(a)},
               {"b", std::move(b)},
               {"aligned_by", to_string(comparison.aligned_by)},
               {"aligned_why", comparison.aligned_why},
               {"differences", Json::array()},
               {"causes", comparison.causes},
               {"fail_if", Json::array()}};
  for (const Difference& row : comparison.differences)
    json["differences"].push_back(difference_json(row));
  for (const Outcome& outcome : outcomes)
    json["fail_if"].push_back({{"condition", outcome.condition}, {"holds", outcome.holds}});
  return json;
}

void print_comparison(const std::string& a, const std::string& b, const Comparison& comparison,
                      int most) {
  fmt::print("A: {}\nB: {}\naligned by {}: {}\n\n", a, b, to_string(comparison.aligned_by),
             comparison.aligned_why);
  for (const std::string& cause : comparison.causes) fmt::print("- {}\n", cause);
  print_rows(comparison, most);
}

}  // namespace moescope
