// moescope plan: its subcommands, and what they share.
#include <fmt/format.h>

#include <cmath>

#include "app/commands/command.h"
#include "app/commands/plan/plan_commands.h"
#include "core/loads/judged_windows.h"
#include "core/placement/evaluate.h"

namespace moescope {

LoadSet read_loads_for_plan(const std::string& path, const std::string& unit) {
  auto loads = unit.empty() ? read_loads(path, command_progress())
                            : read_loads_of_unit(path, unit, command_progress());
  for (const auto& note : loads.notes) fmt::print(stderr, "note: {}\n", note);
  return loads;
}

Json summary_json(const std::vector<double>& values) {
  if (values.empty()) return nullptr;
  const auto s = summarize(values);
  return {{"mean", s.mean}, {"p95", s.p95}, {"max", s.max}};
}

Json window_json(const LoadWindow& window) {
  return {{"text", to_string(window)},
          {"loads", window.source},
          {"unit", window.unit.empty() ? Json() : Json(window.unit)},
          {"first", window.first},
          {"last", window.last},
          {"of", window.of}};
}

Json judged_json(const Plan& plan, const LoadSet& loads,
                 std::optional<std::pair<int, int>> made_from) {
  const auto count = static_cast<int>(loads.windows.size());
  const JudgedWindows judged = judged_windows(count, made_from);
  Json json = {
      {"text", judgement_text(0, count, count, made_from)},
      {"made_from", made_from && made_from->first < made_from->second
                        ? window_json(load_window(loads, made_from->first, made_from->second))
                        : Json()},
      {"window", window_json(load_window(loads, judged.first, judged.last))},
      {"held_out", made_from ? Json(judged.held_out) : Json()},
      {"imbalance", nullptr}};
  // Loads do not have a shared expert that the plan places.
  if (plan.num_experts != loads.experts) return json;
  const PlanBalance balance = plan_balance(plan, loads, judged.first, judged.last);
  json["imbalance"] = {
      {"mean", balance.mean}, {"worst", balance.worst}, {"worst_layer", balance.worst_layer}};
  return json;
}

void print_judged(std::FILE* out, const Json& judged) {
  fmt::print(out, "{}", judged["text"].get<std::string>());
  if (const Json& imbalance = judged["imbalance"]; !imbalance.is_null())
    fmt::print(out, ": imbalance {:.4f} on average, {:.4f} at worst (layer {})",
               imbalance["mean"].get<double>(), imbalance["worst"].get<double>(),
               imbalance["worst_layer"].get<int>());
  fmt::print(out, "\n");
}

Json moved_json(const PlanCopies& copies) {
  const auto whole = [](const std::optional<double>& bytes) {
    return bytes ? Json(std::llround(*bytes)) : Json();
  };
  return {{"copies", copies.copies},
          {"units", copies.units},
          {"copies_in_all", copies.copies_in_all()},
          {"expert_bytes", whole(copies.expert_bytes)},
          {"bytes", whole(copies.bytes_in_all())}};
}

void register_plan(CLI::App& app) {
  auto* command =
      app.add_subcommand("plan", "Solve, evaluate, compare and convert placement plans");
  command->require_subcommand(1);
  for (const auto add :
       {register_plan_solve, register_plan_evaluate, register_plan_advise, register_plan_validate,
        register_plan_diff, register_plan_bounds, register_plan_import, register_plan_export})
    add(*command);
  for (auto* part : command->get_subcommands({})) add_common_options(*part);
}

}  // namespace moescope
