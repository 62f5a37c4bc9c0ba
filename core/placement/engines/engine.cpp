#include "core/placement/engines/engine.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "core/placement/engines/forms.h"
#include "core/placement/validate.h"

namespace moescope {
namespace {

struct Name {
  Engine engine;
  const char* name;
};
constexpr Name kNames[] = {{Engine::Sglang, "sglang"},
                           {Engine::Trtllm, "trtllm"},
                           {Engine::TrtllmReport, "trtllm-report"},
                           {Engine::Vllm, "vllm"},
                           {Engine::VllmAscend, "vllm-ascend"},
                           {Engine::Csv, "csv"}};

std::string json_text(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// `text` as one word of a POSIX shell.
std::string shell_word(const std::string& text, bool always_quoted = false) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!always_quoted && !text.empty() && text.find_first_not_of(kPlain) == std::string::npos)
    return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

/// `text` as a YAML scalar.
std::string yaml_word(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+./-";
  if (!text.empty() && text[0] != '-' && text.find_first_not_of(kPlain) == std::string::npos)
    return text;
  return json_text(text);
}

/// SGLang 0.5.23: EP ranks are TP ranks, and it picks the dispatch algorithm itself, since "static"
/// is an error without an all-to-all backend.
EngineExport describe_sglang(const Plan& plan, const std::string& file) {
  EngineExport out{
      .launch = fmt::format("--tp-size {0} --ep-size {0} --init-expert-location {1} "
                            "--ep-num-redundant-experts {2}",
                            plan.num_gpus, shell_word(file), plan.slot_count() - plan.num_experts),
      .caveats = {
          "the axis is all layers of the model; dense layers hold the trivial placement. "
          "The model must have no MoE layer after the last one here",
          "SGLang does not check ids, coverage or the slot count; validate the plan first",
          "without --ep-dispatch-algorithm SGLang picks: static with an all-to-all backend, "
          "else dynamic, and it refuses static with --moe-a2a-backend none",
          "SGLang picks one replica per rank (the nearest, or a seeded draw), not equal "
          "shares: the predicted balance is an estimate",
          "with --enable-eplb the server replaces this plan at its first rebalance"}};
  if (!plan.dead_gpus.empty()) {
    out.launch += " --elastic-ep-backend mooncake";
    out.caveats.push_back(fmt::format(
        "slots of the dead GPUs ({}) hold expert 0, as SGLang's elasticity_aware leaves them. Only "
        "elastic EP takes ranks away: until it knows them dead, the server counts these slots as "
        "replicas of expert 0",
        fmt::join(plan.dead_gpus, ", ")));
  }
  return out;
}

EngineExport describe_trtllm(const Plan& plan, const std::string& file, bool report) {
  if (report)
    return {.launch = fmt::format("python report_load_statistics.py --expert_statistic_path "
                                  "EXPERT_STATISTIC_PATH --projection_eplb_config_path {}",
                                  shell_word(file)),
            .caveats = {"put the folder of the recorded statistics for EXPERT_STATISTIC_PATH: the "
                        "script needs it",
                        "the ep_size key is for the report script only: the server's strict loader "
                        "refuses this file, export with --engine trtllm for it"}};
  return {
      .launch = fmt::format("moe_config:\n  load_balancer: {}", yaml_word(file)),
      .caveats = {fmt::format("start with moe_expert_parallel_size {}: num_slots must divide by it",
                              plan.num_gpus),
                  "every MoE layer of the model must be in the file, else the server stops with "
                  "a KeyError",
                  "layer_updates_per_iter is 0: the plan stays as it is"}};
}

/// vLLM 0.33 takes no plan: its EplbConfig refuses unknown keys.
EngineExport describe_vllm(const Plan& plan, const std::string& file) {
  const int redundant = plan.slot_count() - plan.num_experts;
  const auto line = [&](const nlohmann::json& config) {
    return fmt::format(
        "--data-parallel-size {} --enable-expert-parallel --enable-eplb "
        "--eplb-config {}",
        plan.num_gpus, shell_word(json_text(config), true));
  };
  EngineExport out{
      .launch = line({{"num_redundant_experts", redundant}}),
      .caveats = {
          "vLLM 0.33 reads no plan: this line gives it the slots, and it fills them by its "
          "own EPLB, whose plan is what plan solve --compatible numpy makes",
          "experimental: a build with the open pull request vllm-project/vllm#41141 reads this "
          "file: " +
              line({{"num_redundant_experts", redundant},
                    {"initial_mapping_path", file},
                    {"disable_online_rebalancing", true}}),
          fmt::format("the product of tensor and data parallel sizes must be {}; "
                      "num_redundant_experts is refused without --enable-eplb, and that "
                      "without --enable-expert-parallel",
                      plan.num_gpus),
          "layers are MoE layers counted from 0, without the dense ones",
          "a different number of redundant experts is refused"}};
  if (!plan.dead_gpus.empty())
    out.caveats.push_back(
        fmt::format("slots of the dead GPUs ({}) hold -1, as vLLM's elastic EP pads them",
                    fmt::join(plan.dead_gpus, ", ")));
  return out;
}

EngineExport describe_ascend(const Plan& plan, const std::string& file) {
  const nlohmann::json config = {
      {"eplb_config",
       {{"expert_map_path", file},
        {"num_redundant_experts", plan.slot_count() - plan.num_experts}}}};
  return {.launch =
              "--enable-expert-parallel --additional-config " + shell_word(json_text(config), true),
          .caveats = {
              "vllm-ascend 0.30.0rc2 still takes static maps; model runner V2 uses upstream EPLB "
              "only",
              "layers are taken by position; layer_id is not consulted",
              "the file name must end in .json"}};
}

EngineExport describe(const Plan& plan, Engine engine, const std::string& file) {
  switch (engine) {
    case Engine::Sglang:
      return describe_sglang(plan, file);
    case Engine::Trtllm:
      return describe_trtllm(plan, file, false);
    case Engine::TrtllmReport:
      return describe_trtllm(plan, file, true);
    case Engine::Vllm:
      return describe_vllm(plan, file);
    case Engine::VllmAscend:
      return describe_ascend(plan, file);
    case Engine::Csv:
      break;
  }
  return {.launch = "no engine reads this table; it is for spreadsheets and scripts"};
}

std::string text_of(const Plan& plan, Engine engine) {
  switch (engine) {
    case Engine::Sglang:
      return engines::sglang_text(plan);
    case Engine::Trtllm:
      return engines::trtllm_text(plan, false);
    case Engine::TrtllmReport:
      return engines::trtllm_text(plan, true);
    case Engine::Vllm:
      return engines::vllm_text(plan);
    case Engine::VllmAscend:
      return engines::vllm_ascend_text(plan);
    case Engine::Csv:
      break;
  }
  return engines::csv_text(plan);
}

/// Rows of the plan as they come back: SGLang's axis has all layers of the model.
std::vector<std::vector<int>> rows_of(const Plan& read, const Plan& plan, Engine engine) {
  if (engine != Engine::Sglang) return read.physical_to_logical;
  std::vector<std::vector<int>> rows;
  for (int l = 0; l < plan.layers(); ++l)
    if (const int id = plan.layer_id(l); id < read.layers())
      rows.push_back(read.physical_to_logical[static_cast<std::size_t>(id)]);
  for (auto& row : rows)  // its form has no empty slots
    for (std::size_t s = 0; s < row.size(); ++s)
      if (plan.dead(plan.gpu_of(static_cast<int>(s))) && row[s] == 0) row[s] = kNoExpert;
  return rows;
}

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

std::optional<Engine> engine_from_name(std::string_view name) {
  for (const auto& n : kNames)
    if (name == n.name) return n.engine;
  return std::nullopt;
}

const char* to_string(Engine engine) {
  for (const auto& n : kNames)
    if (engine == n.engine) return n.name;
  return "";
}

bool names_model_layers(Engine engine) {
  return engine == Engine::Sglang || engine == Engine::Trtllm || engine == Engine::TrtllmReport;
}

bool takes_dead_gpus(Engine engine) {
  return engine == Engine::Sglang || engine == Engine::Vllm || engine == Engine::Csv;
}

Plan with_first_layer(Plan plan, int first) {
  if (plan.layer_ids.empty())
    for (int l = 0; l < plan.layers(); ++l) plan.layer_ids.push_back(first + l);
  return plan;
}

EngineExport export_plan(const Plan& plan, Engine engine, const std::string& file) {
  throw_on_errors(validate_plan(plan), "the plan");
  if (!plan.dead_gpus.empty() && !takes_dead_gpus(engine))
    throw Error("", "dead GPUs",
                fmt::format("the plan has empty slots, which {} does not take", to_string(engine)),
                "Solve for the live GPUs only, with their number as --gpus");
  auto result = describe(plan, engine, file);
  result.text = text_of(plan, engine);
  if (plan.layer_ids.empty() && names_model_layers(engine))
    result.caveats.insert(
        result.caveats.begin(),
        fmt::format("the plan does not say which layers of the model its rows are: they are "
                    "written as layers 0 to {}. Say which is the first MoE layer when that is "
                    "another (3 of DeepSeek-V3)",
                    plan.layers() - 1));
  if (!plan.replica_weight.empty() && engine != Engine::Csv)
    result.caveats.emplace_back(
        "the plan's replica weights are not in the file: the engine decides how an expert's tokens "
        "split over its replicas");
  return result;
}

Plan import_plan(std::string_view text, Engine engine, const ImportShape& shape,
                 const std::string& source) {
  Plan plan;
  plan.num_gpus = 0;
  switch (engine) {
    case Engine::Sglang:
      plan = engines::parse_sglang(text, source);
      plan.num_gpus = 0;
      break;
    case Engine::Trtllm:
    case Engine::TrtllmReport: {
      plan = engines::parse_trtllm(text, source);
      if (text.find("ep_size") == std::string_view::npos) plan.num_gpus = 0;
      break;
    }
    case Engine::Vllm:
      plan = engines::parse_vllm(text, source);
      plan.num_gpus = 0;
      break;
    case Engine::VllmAscend:
      plan = engines::parse_vllm_ascend(text, source);
      break;
    case Engine::Csv:
      plan = engines::parse_csv(text, source);
      break;
  }
  return with_shape(std::move(plan), shape, source);
}

Plan with_shape(Plan plan, const ImportShape& shape, const std::string& source) {
  if (shape.gpus) plan.num_gpus = *shape.gpus;
  if (plan.num_gpus < 1)
    throw Error(source, "", "does not say for how many GPUs it is", "Give --gpus");
  plan.dead_gpus = empty_gpus(plan);
  plan.num_nodes = shape.nodes.value_or(1);
  plan.num_groups = shape.groups.value_or(1);
  if (plan.num_experts == 0)
    for (const auto& row : plan.physical_to_logical)
      for (const int e : row) plan.num_experts = std::max(plan.num_experts, e + 1);
  return plan;
}

EngineExport write_engine_file(const Plan& plan, Engine engine, const std::filesystem::path& path) {
  if (engine == Engine::VllmAscend && path.extension() != ".json")
    throw Error(path.string(), "", "vllm-ascend takes only files that end in .json",
                "Choose another name");
  auto written = export_plan(plan, engine, path.string());
  NewFile file(path);
  write_text_file(file.path(), written.text);
  ImportShape shape;
  shape.gpus = plan.num_gpus;
  const auto back = import_plan(read_text_file(file.path(), written.text.size() + 1), engine, shape,
                                path.string());
  if (rows_of(back, plan, engine) != plan.physical_to_logical)
    throw Error(path.string(), "",
                "would not read back as the plan that is to be written; nothing was written");
  file.replace_target();
  return written;
}

}  // namespace moescope
