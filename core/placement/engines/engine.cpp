#include "core/placement/engines/engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/files.h"
#include "core/placement/validate.h"

namespace moescope {

#define MOESCOPE_ENGINE_FORM(form) const EngineForm& form();
#include "core/placement/engines/forms.inc"
#undef MOESCOPE_ENGINE_FORM

namespace {

/// GPUs without any expert.
std::vector<int> empty_gpus(const Plan& plan) {
  std::vector<int> empty;
  if (plan.slot_count() == 0 || plan.slot_count() % plan.num_gpus != 0) return empty;
  const auto per_gpu = static_cast<std::ptrdiff_t>(plan.slots_per_gpu());
  for (int gpu = 0; gpu < plan.num_gpus; ++gpu)
    if (std::all_of(plan.physical_to_logical.begin(), plan.physical_to_logical.end(),
                    [&](const std::vector<int>& row) {
                      const auto from = row.begin() + gpu * per_gpu;
                      return row.size() == plan.physical_to_logical[0].size() &&
                             std::all_of(from, from + per_gpu, [](int e) { return e < 0; });
                    }))
      empty.push_back(gpu);
  return empty;
}

}  // namespace

const std::vector<const EngineForm*>& engine_forms() {
#define MOESCOPE_ENGINE_FORM(form) &form(),
  static const std::vector<const EngineForm*> forms = {
#include "core/placement/engines/forms.inc"
  };
#undef MOESCOPE_ENGINE_FORM
  return forms;
}

const EngineForm* engine_form(std::string_view name) {
  for (const EngineForm* form : engine_forms())
    if (name == form->name()) return form;
  return nullptr;
}

const EngineForm* recognise_engine_form(std::string_view text) {
  const EngineForm* found = nullptr;
  for (const EngineForm* form : engine_forms())
    if (found == nullptr && form->recognises(text)) found = form;
  return found;
}

Plan with_first_layer(Plan plan, int first) {
  if (plan.layer_ids.empty())
    for (int l = 0; l < plan.layers(); ++l) plan.layer_ids.push_back(first + l);
  return plan;
}

EngineExport export_plan(const Plan& plan, const EngineForm& form, const std::string& file) {
  throw_on_errors(validate_plan(plan), "the plan");
  if (!plan.dead_gpus.empty() && !form.takes_dead_gpus())
    throw Error("", "dead GPUs",
                fmt::format("the plan has empty slots, which {} does not take", form.name()),
                "Solve for the live GPUs only, with their number", "--gpus");
  auto result = form.describe(plan, file);
  result.text = form.write(plan);
  if (plan.layer_ids.empty() && form.names_model_layers())
    result.caveats.insert(
        result.caveats.begin(),
        fmt::format("the plan does not say which layers of the model its rows are: they are "
                    "written as layers 0 to {}. Say which is the first MoE layer when that is "
                    "another (3 of DeepSeek-V3)",
                    plan.layers() - 1));
  if (!plan.replica_weight.empty() && !form.keeps_weights())
    result.caveats.emplace_back(
        "the plan's replica weights are not in the file: the engine decides how an expert's tokens "
        "split over its replicas");
  return result;
}

Plan import_plan(std::string_view text, const EngineForm& form, const ImportShape& shape,
                 const std::string& source) {
  return with_shape(form.read(text, source), shape, source);
}

Plan with_shape(Plan plan, const ImportShape& shape, const std::string& source) {
  if (shape.gpus) plan.num_gpus = *shape.gpus;
  if (plan.num_gpus < 1)
    throw Error(source, "", "does not say for how many GPUs it is", "Give the number of GPUs",
                "--gpus");
  plan.dead_gpus = empty_gpus(plan);
  plan.num_nodes = shape.nodes.value_or(1);
  plan.num_groups = shape.groups.value_or(1);
  if (plan.num_experts == 0)
    for (const auto& row : plan.physical_to_logical)
      for (const int e : row) plan.num_experts = std::max(plan.num_experts, e + 1);
  return plan;
}

EngineExport write_engine_file(const Plan& plan, const EngineForm& form,
                               const std::filesystem::path& path) {
  form.check_name(path);
  auto written = export_plan(plan, form, path.string());
  NewFile file(path);
  write_text_file(file.path(), written.text);
  ImportShape shape;
  shape.gpus = plan.num_gpus;
  const auto back =
      import_plan(read_text_file(file.path(), written.text.size() + 1), form, shape, path.string());
  if (form.rows_as_written(back, plan) != plan.physical_to_logical)
    throw Error(path.string(), "",
                "would not read back as the plan that is to be written; nothing was written");
  file.replace_target();
  return written;
}

}  // namespace moescope
