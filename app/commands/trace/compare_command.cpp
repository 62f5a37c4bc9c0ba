// moescope compare: what differs between two traces, load dumps or plans; conditions for scripts.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/commands/command.h"
#include "app/commands/json_output.h"
#include "app/commands/trace/analyze_json.h"
#include "app/commands/trace/open_files.h"
#include "core/analysis/compare/compare.h"
#include "core/analysis/compare/condition.h"
#include "core/analysis/compare/loads_and_plans.h"
#include "core/error.h"
#include "core/figure_text.h"
#include "core/open/file_kind.h"
#include "core/placement/plan.h"

namespace moescope {
namespace {

struct CompareOptions {
  std::string a, b;
  std::string align;
  std::vector<std::string> fail_if;
  std::string rules;
  bool json = false;
  int rows = 15;
};

/// What came of the conditions.
struct Outcome {
  std::string condition;
  bool holds = false;
};

Json number(double value, FigureUnit unit) {
  if (unit == FigureUnit::Percent || unit == FigureUnit::Ratio)
    return std::round(value * 1e4) / 1e4;
  return std::abs(value - std::round(value)) < 1e-6 ? Json(std::llround(value)) : Json(value);
}

Json number(const std::optional<double>& value, FigureUnit unit) {
  return value ? number(*value, unit) : Json();
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
               {"noise", row.noise ? Json(std::round(*row.noise)) : Json()},
               {"significant", row.significant},
               {"change", to_string(row.change)}};
  if (row.a_per_step || row.b_per_step) {
    json["a_per_step"] = number(row.a_per_step, FigureUnit::Ratio);
    json["b_per_step"] = number(row.b_per_step, FigureUnit::Ratio);
  }
  return json;
}

Json side_json(const CompareSide& side) {
  Json json = {{"files", side.trace->info().files}, {"devices", Json::array()}};
  for (const DeviceOverlap& device : side.overlap.overlap)
    json["devices"].push_back(device_json(*side.trace, device, find_sm(side.sm, device.key), {}));
  json["steps"] = side.steps.steps.empty() ? Json()
                                           : Json({{"count", side.steps.steps.size()},
                                                   {"source", to_string(*side.steps.source)},
                                                   {"how", side.steps.how}});
  return json;
}

/// What every comparison has; `a` and `b` say what was compared.
Json document_of(Json a, Json b, const Comparison& comparison,
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
  fmt::print("  {:<10.10} {:<38.38} {:<18.18} {:>11} {:>11} {:>9}  {}\n", row.scope, row.label,
             row.figure, value_text(row.a, row.unit), value_text(row.b, row.unit),
             percent ? fmt::format("{:+.1f} %", *percent) : "", to_string(row.change));
}

/// Rows of the whole, then those of parts that changed most.
void print_rows(const Comparison& comparison, int most) {
  fmt::print("\n  {:<10} {:<38} {:<18} {:>11} {:>11} {:>9}  {}\n", "scope", "of", "figure", "A",
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

void print_text(const CompareOptions& options, const Comparison& comparison) {
  fmt::print("A: {}\nB: {}\naligned by {}: {}\n\n", options.a, options.b,
             to_string(comparison.aligned_by), comparison.aligned_why);
  for (const std::string& cause : comparison.causes) fmt::print("- {}\n", cause);
  print_rows(comparison, options.rows);
}

std::optional<Alignment> alignment_of(const std::string& word) {
  for (const Alignment alignment : {Alignment::Step, Alignment::Layer, Alignment::Time})
    if (word == to_string(alignment)) return alignment;
  return std::nullopt;
}

CompareSide open_side(const std::string& file, const RuleSet& rules) {
  ImportOptions import;
  import.keep_args = false;
  return compare_side(open_files({file}, import, {}, command_progress()), rules,
                      command_progress());
}

/// A comparison, and what its JSON says of both sides.
struct Compared {
  Comparison comparison;
  Json a, b;
};

Compared compare_two_traces(const CompareOptions& options) {
  const RuleSet rules = options.rules.empty() ? RuleSet::built_in() : read_rules(options.rules);
  const CompareSide a = open_side(options.a, rules), b = open_side(options.b, rules);
  return {compare_traces(a, b, alignment_of(options.align), command_progress()), side_json(a),
          side_json(b)};
}

Compared compare_files(const CompareOptions& options) {
  const FileKind a = kind_of_file(options.a), b = kind_of_file(options.b);
  const auto either = [&](FileKind kind) { return a == kind || b == kind; };
  const Json files_a = {{"files", {options.a}}}, files_b = {{"files", {options.b}}};
  if (either(FileKind::Plan))
    return {compare_plans(load_plan(options.a), load_plan(options.b)), files_a, files_b};
  if (either(FileKind::Loads))
    return {compare_loads(read_loads(options.a, command_progress()),
                          read_loads(options.b, command_progress())),
            files_a, files_b};
  return compare_two_traces(options);
}

void run(const CompareOptions& options) {
  std::vector<FailCondition> conditions;
  for (const std::string& text : options.fail_if) conditions.push_back(parse_condition(text));
  const Compared compared = compare_files(options);
  command_progress().report(1, "done");
  std::vector<Outcome> outcomes;
  outcomes.reserve(conditions.size());
  for (const FailCondition& condition : conditions)
    outcomes.push_back({condition.text, holds(condition, compared.comparison)});
  if (options.json)
    print_json(document_of(compared.a, compared.b, compared.comparison, outcomes));
  else
    print_text(options, compared.comparison);
  std::string failed;
  for (const Outcome& outcome : outcomes)
    if (outcome.holds) failed += (failed.empty() ? "" : ", ") + outcome.condition;
  if (!failed.empty()) throw Error("", "--fail-if", "holds: " + failed);
}

}  // namespace

void register_compare(CLI::App& app) {
  auto* command = app.add_subcommand(
      "compare", "What differs between two traces, load dumps or plans, what is noise, and why");
  auto options = std::make_shared<CompareOptions>();
  command->add_option("A", options->a, "What was before: a trace, load dump or plan")->required();
  command->add_option("B", options->b, "What is held against it")->required();
  command
      ->add_option("--align", options->align,
                   "Lay them beside each other by step, by layer or not at all (time); by default "
                   "the first of these that both have")
      ->check(CLI::IsMember({"step", "layer", "time"}));
  command->add_option("--fail-if", options->fail_if,
                      "End with status 1 when the change of a figure of analyze, over all devices, "
                      "is beyond a limit: \"exposed_comm_ns>+5%\", \"comm_ns>2ms\". May be given "
                      "several times");
  command->add_option("--rules", options->rules,
                      "Classification rules (JSON) instead of the built-in ones");
  command->add_option("--rows", options->rows, "Most changes of parts to print")
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print one JSON document with all rows");
  command->callback([options] { run(*options); });
}

}  // namespace moescope
