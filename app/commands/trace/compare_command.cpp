// moescope compare: what differs between two traces, load dumps or plans, or before and after a
// change of plan; conditions for scripts.
#include "app/commands/command.h"
#include "app/commands/output_file.h"
#include "app/commands/trace/compare_files.h"
#include "app/commands/trace/comparison_output.h"
#include "core/analysis/compare/csv.h"
#include "core/error.h"
#include "core/files.h"

namespace moescope {
namespace {

struct CompareOptions {
  std::string a, b;
  std::string align;
  bool before_after = false;
  std::optional<std::uint64_t> epoch;
  std::vector<std::string> fail_if;
  std::string rules, csv;
  bool json = false;
  int rows = 15;
};

std::optional<Alignment> alignment_of(const std::string& word) {
  for (const Alignment alignment : {Alignment::Step, Alignment::Layer, Alignment::Time})
    if (word == to_string(alignment)) return alignment;
  return std::nullopt;
}

/// Throws a ParseError when the files do not fit what is asked.
void check_usage(const CompareOptions& options) {
  if (options.before_after == options.b.empty()) return;
  throw CLI::ValidationError(options.before_after ? "--before-after" : "B",
                             options.before_after ? "takes one recording" : "is required");
}

void run(const CompareOptions& options) {
  check_usage(options);
  std::vector<FailCondition> conditions;
  for (const std::string& text : options.fail_if) conditions.push_back(parse_condition(text));
  if (!options.csv.empty()) require_other_file(options.csv, {options.a, options.b});
  const Compared compared = compare_files(
      {options.a, options.b, options.rules, alignment_of(options.align), options.epoch});
  command_progress().report(1, "done");
  std::vector<Outcome> outcomes;
  outcomes.reserve(conditions.size());
  for (const FailCondition& condition : conditions)
    outcomes.push_back({condition.text, holds(condition, compared.comparison)});
  if (!options.csv.empty()) write_text_file(options.csv, csv_of(compared.comparison));
  if (options.json)
    print_json(comparison_json(compared.a, compared.b, compared.comparison, outcomes));
  else
    print_comparison(compared.a_words, compared.b_words, compared.comparison, options.rows);
  std::string failed;
  for (const Outcome& outcome : outcomes)
    if (outcome.holds) failed += (failed.empty() ? "" : ", ") + outcome.condition;
  if (!failed.empty()) throw Error("", "--fail-if", "holds: " + failed);
}

}  // namespace

void register_compare(CLI::App& app) {
  auto* command = app.add_subcommand(
      "compare",
      "What differs between two traces, load dumps or plans, or before and after a change of plan; "
      "what is noise, and why");
  auto options = std::make_shared<CompareOptions>();
  command->add_option("A", options->a, "What was before: a trace, load dump or plan")->required();
  command->add_option("B", options->b, "What is held against it");
  command->add_flag("--before-after", options->before_after,
                    "Of one recording of a runtime, with A alone: the time before a change of plan "
                    "beside as much time after it");
  command->add_option("--epoch", options->epoch,
                      "With --before-after: of the plan, by its epoch; the last one without");
  command
      ->add_option("--align", options->align,
                   "Lay them beside each other by step, by layer or not at all (time); by default "
                   "the first of these that both have")
      ->check(CLI::IsMember({"step", "layer", "time"}));
  command->add_option(
      "--fail-if", options->fail_if,
      "End with status 1 when the change of a figure of the whole is beyond a "
      "limit: \"exposed_comm_ns>+5%\", \"comm_ns>2ms\", \"decode_step_ns>3%\". May be "
      "given several times");
  command->add_option("--rules", options->rules,
                      "Classification rules (JSON) instead of the built-in ones");
  command->add_option("--rows", options->rows, "Most changes of parts to print")
      ->capture_default_str();
  command->add_option("--csv", options->csv, "Write all rows to this file as CSV too");
  command->add_flag("--json", options->json, "Print one JSON document with all rows");
  command->callback([options] { run(*options); });
}

}  // namespace moescope
