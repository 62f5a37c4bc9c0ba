#include "core/simulate/fit_hardware.h"

#include <algorithm>
#include <iterator>

#include "core/error.h"
#include "core/simulate/serving/served_rows.h"

namespace moescope {
namespace {

/// The fitted kernels, and those of before that have no rows.
void replace(KernelCosts& kernels, std::vector<KernelCost> fitted) {
  const KernelCosts fresh{std::move(fitted), ""};
  std::erase_if(kernels.kernels,
                [&](const KernelCost& kernel) { return fresh.find(kernel.id) != nullptr; });
  kernels.kernels.insert(kernels.kernels.end(), fresh.kernels.begin(), fresh.kernels.end());
  std::sort(kernels.kernels.begin(), kernels.kernels.end(),
            [](const KernelCost& a, const KernelCost& b) { return a.id < b.id; });
}

void append(FitResult& all, FitResult part) {
  std::move(part.kernels.begin(), part.kernels.end(), std::back_inserter(all.kernels));
  std::move(part.notes.begin(), part.notes.end(), std::back_inserter(all.notes));
  for (auto& [table, error] : part.table_errors) all.table_errors[table] = error;
}

/// Engines of served rows; their kernels are those of `hardware`.
void fit_served(const MeasuredTable& served, const Hardware& hardware, FitResult& result,
                Progress& progress) {
  for (const auto what : {Served::Tpot, Served::Ttft}) {
    auto table = served;
    fill_served_rows(
        table, what,
        [&](const std::string& system) { return system == hardware.system ? &hardware : nullptr; },
        progress);
    const bool any = std::any_of(table.rows.begin(), table.rows.end(), [](const MeasuredRow& row) {
      return row.measured_us && !row.unusual;
    });
    if (!any) continue;
    auto engines = fit_kernels({table}, hardware.system, hardware.sheet(), progress);
    if (const auto of_all = engines.table_errors.find("end_to_end");
        what == Served::Ttft && of_all != engines.table_errors.end()) {
      engines.table_errors["end_to_end, first token"] = of_all->second;
      engines.table_errors.erase(of_all);
    }
    append(result, std::move(engines));
  }
}

}  // namespace

FitResult fit_hardware(Hardware& hardware, std::vector<MeasuredTable>& tables,
                       const std::string& origin, Progress& progress) {
  if (hardware.system.empty())
    throw Error(hardware.name, "system", "is missing: rows of which system are to be fitted?",
                "Add \"system\", as the tables name it");
  auto result = fit_kernels(tables, hardware.system, hardware.sheet(), progress);
  const auto with_origin = [&](std::vector<KernelCost>& kernels) {
    for (auto& kernel : kernels)
      if (!origin.empty() && !kernel.source.ends_with(origin)) kernel.source += ", " + origin;
  };
  with_origin(result.kernels);
  hardware.kernels.derived_from.clear();
  replace(hardware.kernels, result.kernels);
  for (const auto& table : tables)
    if (table.name == "end_to_end") fit_served(table, hardware, result, progress);
  with_origin(result.kernels);
  replace(hardware.kernels, result.kernels);
  return result;
}

}  // namespace moescope
