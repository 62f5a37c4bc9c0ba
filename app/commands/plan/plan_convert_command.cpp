// moescope plan import and export: files of serving engines.
#include <fmt/format.h>

#include "app/commands/command.h"
#include "app/commands/output_file.h"
#include "app/commands/plan/plan_commands.h"
#include "core/error.h"
#include "core/files.h"
#include "core/loads/read/torch_plan.h"
#include "core/placement/engines/engine.h"
#include "core/placement/validate.h"

namespace moescope {
namespace {

constexpr std::size_t kMaxPlanBytes = std::size_t{256} << 20;

struct ConvertCommand {
  std::string input, engine, output;
  ImportShape shape;
  std::optional<int> first_layer;
};

/// @param all also those whose files are read as another
std::vector<std::string> form_names(bool all) {
  std::vector<std::string> names;
  for (const EngineForm* form : engine_forms())
    if (all || !form->read_as_another()) names.emplace_back(form->name());
  return names;
}

/// A placement in a torch archive: of a file for --init-expert-location, or of a dump.
Plan import_torch(const ConvertCommand& c) {
  if (c.engine != "sglang")
    throw Error(c.input, "", "is a torch archive, which only SGLang takes as a plan",
                "Give --engine sglang");
  auto found = read_torch_plan(c.input, command_progress());
  for (const auto& note : found.notes) fmt::print(stderr, "note: {}\n", note);
  ImportShape shape = c.shape;
  if (!shape.gpus) shape.gpus = found.gpus;
  Plan plan;
  plan.num_gpus = 0;
  plan.physical_to_logical = std::move(found.map);
  return with_shape(std::move(plan), shape, c.input);
}

void import(const ConvertCommand& c) {
  require_other_file(c.output, {c.input});
  const auto plan = may_be_torch_plan(c.input)
                        ? import_torch(c)
                        : import_plan(read_text_file(c.input, kMaxPlanBytes),
                                      *engine_form(c.engine), c.shape, c.input);
  const auto problems = validate_plan(plan);
  for (const auto& p : problems)
    if (p.severity == PlanProblem::Severity::Warning)
      fmt::print(stderr, "warning: {}\n", to_string(p));
  throw_on_errors(problems, c.input);
  save_plan(plan, c.output);
  fmt::print(stderr, "written {}: {} layers, {} slots, {} GPUs\n", c.output, plan.layers(),
             plan.slot_count(), plan.num_gpus);
}

void export_file(const ConvertCommand& c) {
  require_other_file(c.output, {c.input});
  Plan plan = load_plan(c.input);
  if (c.first_layer) plan = with_first_layer(std::move(plan), *c.first_layer);
  const auto written = write_engine_file(plan, *engine_form(c.engine), c.output);
  fmt::print("{}\n", written.launch);
  for (const auto& caveat : written.caveats) fmt::print(stderr, "note: {}\n", caveat);
  fmt::print(stderr, "written and read back: {}\n", c.output);
}

}  // namespace

void register_plan_import(CLI::App& plan) {
  auto* command = plan.add_subcommand("import", "Turn an engine's file into a plan");
  auto c = std::make_shared<ConvertCommand>();
  command
      ->add_option("FILE", c->input,
                   "File of the engine; for SGLang also a .pt: a plan, or the last "
                   "placement of a per_pass dump (a file, or the folder)")
      ->required();
  command->add_option("--engine", c->engine, "Whose form it is")
      ->required()
      ->check(CLI::IsMember(form_names(false)));
  const auto count = CLI::Range(1, 65536);
  command->add_option("--gpus", c->shape.gpus, "GPUs, when the file does not have their number")
      ->check(count);
  command->add_option("--nodes", c->shape.nodes, "Nodes")->check(count);
  command->add_option("--groups", c->shape.groups, "Routing groups of the model")->check(count);
  command->add_option("-o", c->output, "Plan file to write")->required();
  command->callback([c] { import(*c); });
}

void register_plan_export(CLI::App& plan) {
  auto* command = plan.add_subcommand(
      "export", "Write the file an engine takes, and print the launch flag to use");
  auto c = std::make_shared<ConvertCommand>();
  command->add_option("--plan", c->input, "Plan file")->required();
  command->add_option("--engine", c->engine, "Whose form to write")
      ->required()
      ->check(CLI::IsMember(form_names(true)));
  command
      ->add_option("--first-layer", c->first_layer,
                   "First MoE layer of the model, for a plan that does not name its layers (0)")
      ->check(CLI::Range(0, kMaxPlanLayers));
  command->add_option("-o", c->output, "File to write")->required();
  command->callback([c] { export_file(*c); });
}

}  // namespace moescope
