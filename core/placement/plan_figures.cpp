#include "core/placement/plan_figures.h"

#include <fmt/format.h>

#include "core/figure_text.h"
#include "core/placement/plan_diff.h"

namespace moescope {

std::optional<double> PlanCopies::bytes() const {
  if (!expert_bytes) return std::nullopt;
  return static_cast<double>(copies) * *expert_bytes;
}

std::optional<double> PlanCopies::bytes_in_all() const {
  if (!expert_bytes) return std::nullopt;
  return static_cast<double>(copies_in_all()) * *expert_bytes;
}

PlanCopies plan_copies(const Plan& before, const Plan& after, int units,
                       std::optional<double> expert_bytes) {
  PlanCopies out{0, 0, units, expert_bytes};
  for (const LayerDiff& layer : diff_plans(before, after)) {
    out.slots_changed += layer.slots_changed;
    out.copies += static_cast<std::int64_t>(layer.copies.size());
  }
  return out;
}

PlanCopies copies_of_node(std::int64_t copies_in_all, double bytes_in_all, int units) {
  PlanCopies out;
  out.units = units;
  out.copies = copies_in_all / units;
  if (copies_in_all > 0 && bytes_in_all > 0)
    out.expert_bytes = bytes_in_all / static_cast<double>(copies_in_all);
  return out;
}

std::string copies_text(const PlanCopies& copies) {
  const auto count = [](std::int64_t n) {
    return fmt::format("{} {}", count_text(n), n == 1 ? "copy" : "copies");
  };
  std::string text = count(copies.copies_in_all());
  if (const auto bytes = copies.bytes_in_all(); bytes && copies.copies > 0)
    text +=
        fmt::format(", {} ({} per expert)", bytes_text(*bytes), bytes_text(*copies.expert_bytes));
  if (copies.units == 1 || copies.copies == 0) return text;
  return fmt::format("{} in each of {} units: {}", count(copies.copies), copies.units, text);
}

}  // namespace moescope
