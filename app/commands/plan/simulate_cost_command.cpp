// moescope simulate cost: predicted times for the rows of a table of kernels.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "app/commands/command.h"
#include "app/commands/plan/simulate_commands.h"
#include "core/simulate/cost/fit/fit_kernels.h"
#include "core/simulate/cost_answers.h"

namespace moescope {
namespace {

struct CostCommand {
  std::string hardware = "auto", queries;
  bool csv = false;
};

void print_rows(const CsvTable& csv, const CostAnswers& answers) {
  const bool served = answers.rows.front().first_token_us.has_value();
  fmt::print("{},predicted_us,error_us{}\n", csv.header(), served ? ",predicted_ttft_us" : "");
  for (std::size_t i = 0; i < answers.rows.size(); ++i) {
    const auto& row = answers.rows[i];
    fmt::print("{},{:.6g},{:.4g}", csv.rows()[i].text, row.predicted_us, row.error_us);
    if (row.first_token_us) fmt::print(",{:.6g}", *row.first_token_us);
    fmt::print("\n");
  }
}

/// Errors by kernel where the table has measured times.
void print_summary(const std::string& table, const CostAnswers& answers) {
  std::map<std::string, std::vector<double>> errors;
  for (std::size_t i = 0; i < answers.rows.size(); ++i)
    if (const auto& row = answers.rows[i]; row.measured_us)
      errors[answers.kernels[i]].push_back(std::abs(row.predicted_us / *row.measured_us - 1));
  fmt::print("{} rows of {}\n", answers.rows.size(), table);
  if (errors.empty()) return fmt::print("without measured times; --csv prints the predictions\n");
  for (auto& [kernel, list] : errors) {
    const auto e = summarize_errors(std::move(list));
    fmt::print("{}: {} rows, error {:.1f} % median, {:.1f} % for 95 % of them\n", kernel, e.rows,
               e.median * 100, e.p95 * 100);
  }
}

void run(const CostCommand& command) {
  std::optional<Hardware> hardware;
  if (command.hardware != "auto") hardware = load_hardware(command.hardware);
  const auto table = read_measured_table(command.queries, command_progress());
  const auto answers = answer_rows(table, hardware, command_progress());
  for (const auto& note : answers.notes) fmt::print(stderr, "note: {}\n", note);
  command.csv ? print_rows(table.csv, answers) : print_summary(table.name, answers);
}

}  // namespace

void register_simulate_cost(CLI::App& simulate) {
  auto* command = simulate.add_subcommand(
      "cost", "Predict kernel times for the rows of a table, with error bars");
  auto c = std::make_shared<CostCommand>();
  command->add_option("--hardware", c->hardware,
                      "h100, h200, b200, gb200, h800 or a JSON file; auto: by the row's system");
  command
      ->add_option("--queries", c->queries,
                   "CSV with the columns of a measured table; measured times are not used")
      ->required();
  command->add_flag("--csv", c->csv,
                    "Print every row with predicted_us and error_us (default: a summary)");
  command->callback([c] { run(*c); });
}

}  // namespace moescope
