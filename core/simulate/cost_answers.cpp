#include "core/simulate/cost_answers.h"

#include <fmt/format.h>

#include <map>

#include "core/error.h"
#include "core/simulate/serving/served_rows.h"

namespace moescope {
namespace {

/// Hardware by system and kernels by name, looked up once.
class Chooser {
 public:
  Chooser(const CsvTable& csv, const std::optional<Hardware>& hardware,
          std::vector<std::string>& notes)
      : csv_(csv), fixed_(hardware), notes_(notes) {}

  const Hardware& hardware_of(const CsvTable::Row& row) {
    const std::string system(csv_.text(row, "system"));
    if (fixed_ && fixed_->system != system)
      csv_.fail(row, "system",
                fmt::format("\"{}\" is not \"{}\", the system of {}", system, fixed_->system,
                            fixed_->name));
    if (fixed_) return *fixed_;
    const auto found = by_system_.find(system);
    if (found != by_system_.end()) return found->second;
    try {
      return by_system_.emplace(system, hardware_of_system(system)).first->second;
    } catch (const Error& e) {
      csv_.fail(row, "system", fmt::format("\"{}\" {}", system, e.problem()));
    }
  }

  const KernelCost& kernel_of(const CsvTable::Row& row, const KernelId& id) {
    const auto& hardware = hardware_of(row);
    const auto key = std::pair(hardware.name, id);
    if (const auto found = kernels_.find(key); found != kernels_.end()) return found->second;
    try {
      auto choice = choose_kernel(hardware, id);
      if (!choice.note.empty()) notes_.push_back(choice.note);
      return kernels_.emplace(key, std::move(choice.kernel)).first->second;
    } catch (const Error& e) {
      csv_.fail(row, csv_.has("version") ? "version" : "system", e.problem());
    }
  }

 private:
  const CsvTable& csv_;
  const std::optional<Hardware>& fixed_;
  std::vector<std::string>& notes_;
  std::map<std::string, Hardware> by_system_;
  std::map<std::pair<std::string, KernelId>, KernelCost> kernels_;
};

/// Hardware of every row, refused where it is not there.
std::map<std::string, const Hardware*> systems_of(const CsvTable& csv, Chooser& chooser) {
  std::map<std::string, const Hardware*> systems;
  for (const auto& row : csv.rows())
    systems[std::string(csv.text(row, "system"))] = &chooser.hardware_of(row);
  return systems;
}

void answer(const MeasuredTable& table, Chooser& chooser, CostAnswers& answers) {
  for (const auto& row : table.rows) {
    const auto& line = table.csv.rows()[row.row];
    const auto& kernel = chooser.kernel_of(line, row.kernel);
    const double us =
        kernel.microseconds(row.work_as(kernel.leftover), chooser.hardware_of(line).sheet());
    answers.rows.push_back(
        {us, us * kernel.error.p90, row.unusual ? std::nullopt : row.measured_us, {}});
    answers.kernels.push_back(row.system + ", " + row.kernel.text());
  }
}

}  // namespace

CostAnswers answer_rows(MeasuredTable table, const std::optional<Hardware>& hardware,
                        Progress& progress) {
  CostAnswers answers;
  Chooser chooser(table.csv, hardware, answers.notes);
  const auto systems = systems_of(table.csv, chooser);
  const auto hardware_of = [&](const std::string& system) { return systems.at(system); };
  if (table.name != "end_to_end") {
    answer(table, chooser, answers);
    return answers;
  }
  fill_served_rows(table, Served::Tpot, hardware_of, progress);
  answer(table, chooser, answers);
  fill_served_rows(table, Served::Ttft, hardware_of, progress);
  CostAnswers first;
  answer(table, chooser, first);
  for (std::size_t i = 0; i < first.rows.size(); ++i)
    answers.rows[i].first_token_us = first.rows[i].predicted_us;
  return answers;
}

}  // namespace moescope
