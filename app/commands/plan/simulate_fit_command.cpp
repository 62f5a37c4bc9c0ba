// moescope simulate fit: kernel constants of a hardware description from measured tables.
#include <fmt/format.h>

#include "app/commands/command.h"
#include "app/commands/plan/simulate_commands.h"
#include "core/error.h"
#include "core/files.h"
#include "core/simulate/fit_hardware.h"

namespace moescope {
namespace {

struct FitCommand {
  std::string hardware, measured, output, origin;
};

void run(const FitCommand& command) {
  auto hardware = load_hardware(command.hardware);
  refuse_to_overwrite(command.output, {command.hardware});
  auto tables = read_measured_folder(command.measured, command_progress());
  const auto fitted = fit_hardware(hardware, tables, command.origin, command_progress());
  if (fitted.kernels.empty())
    throw Error(tables.front().csv.source(), "",
                fmt::format("nothing can be fitted: {}", fmt::join(fitted.notes, "; ")),
                "Give two rows or more for each constant of a kernel");
  for (const auto& kernel : fitted.kernels) {
    const auto& e = kernel.error;
    fmt::print("{}: ", kernel.id.text());
    if (e.rows == 0)
      fmt::print("too few values to leave some out: error unknown\n");
    else
      fmt::print("error on {} rows left out {:.1f} % median, {:.1f} % for 95 % of them\n", e.rows,
                 e.median * 100, e.p95 * 100);
  }
  for (const auto& [table, e] : fitted.table_errors)
    fmt::print("table {}: error on {} rows left out {:.1f} % median, {:.1f} % for 95 % of them\n",
               table, e.rows, e.median * 100, e.p95 * 100);
  for (const auto& note : fitted.notes) fmt::print(stderr, "note: {}\n", note);
  write_text_file(command.output, hardware_json(hardware));
}

}  // namespace

void register_simulate_fit(CLI::App& simulate) {
  auto* command = simulate.add_subcommand(
      "fit", "Fit the kernel times of a hardware description to measured tables");
  auto c = std::make_shared<FitCommand>();
  command->add_option("--hardware", c->hardware, "Description to start from: h100, ... or a file")
      ->required();
  command->add_option("--measured", c->measured, "Folder with measured tables (.csv)")->required();
  command->add_option("--source", c->origin, "Where the tables are from, for the description");
  command->add_option("-o,--output", c->output, "Hardware description to write (.json)")
      ->required();
  command->callback([c] { run(*c); });
}

}  // namespace moescope
