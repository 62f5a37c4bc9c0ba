#include "gpu/node/cuda_layer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "gpu/base/clock.h"
#include "gpu/engine/layer_check.h"
#include "gpu/record/recorder.h"

namespace moescope::runtime {
namespace {

/// Result of the steps with one form of dispatch.
struct Form {
  const char* name;
  LayerCheck check;
  bool same_traffic = true;
};

Form run_form(const CudaLayerOptions& o, MoeBackend& gpu, DispatchMode dispatch,
              std::uint32_t first_step, Progress& progress) {
  const ModelConfig& config = o.model->config;
  const auto cpu = cpu_moe_backend(config, o.group);
  MoeLayerOptions layer;
  layer.group = o.group;
  layer.dispatch = dispatch;
  layer.combine = o.combine;
  layer.max_tokens = o.max_tokens;
  const Placement placement =
      o.placement ? *o.placement
                  : Placement::contiguous(config.moe_layers(), config.experts, o.group.size);
  MoeLayer expected(*cpu, o.model, config.dense_layers, layer, placement);
  MoeLayer found(gpu, o.model, config.dense_layers, layer, placement);
  Form form{dispatch == DispatchMode::PerNode ? "per node" : "direct", {}};
  for (int i = 0; i < o.steps; ++i) {
    progress.report(static_cast<double>(i) / o.steps, form.name);
    const auto step = first_step + static_cast<std::uint32_t>(i);
    const auto inputs = random_inputs(config.hidden, o.group.size, o.max_tokens, o.seed + step);
    form.check.add(expected.run(inputs, step), found.run(inputs, step));
  }
  for (int member = 0; member < o.group.size; ++member)
    if (expected.exchange().traffic(member).bytes != found.exchange().traffic(member).bytes)
      form.same_traffic = false;
  return form;
}

std::vector<RecordedRank> recorded_ranks(const CudaLayerOptions& o) {
  std::vector<RecordedRank> ranks;
  for (int rank = 0; rank < o.group.size; ++rank)
    ranks.push_back({rank, o.group.node_of(rank), UnitKind::Prefill, 0});
  return ranks;
}

nlohmann::ordered_json report(const CudaLayerOptions& o, const cuda::CudaBackend& gpu,
                              const std::vector<Form>& forms) {
  auto list = nlohmann::ordered_json::array();
  for (const Form& form : forms)
    list.push_back({{"dispatch", form.name},
                    {"rows", form.check.rows},
                    {"rows_with_other_choices", form.check.other_choices},
                    {"other_loads", form.check.other_loads},
                    {"largest_relative_difference", form.check.largest},
                    {"same_traffic", form.same_traffic}});
  return {{"schema", 1},
          {"gpu", gpu.gpu_name()},
          {"sms", gpu.sms()},
          {"facts", gpu.facts()},
          {"ranks", o.group.size},
          {"nodes", o.group.nodes},
          {"ordered", o.combine == CombineMode::Ordered},
          {"steps", o.steps},
          {"dropped_records", gpu.dropped()},
          {"forms", list}};
}

std::string to_text(const nlohmann::ordered_json& r) {
  std::string text = fmt::format("{}: {} ranks on {} nodes, {} SMs a rank",
                                 r["gpu"].get<std::string>(), r["ranks"].dump(), r["nodes"].dump(),
                                 r["facts"]["sms_per_rank"].get<std::string>());
  for (const auto& form : r["forms"])
    text += fmt::format(
        "\ndispatch {:<9} {} rows: {} with other choices, largest relative difference {:.1e}, "
        "traffic {}",
        form["dispatch"].get<std::string>(), form["rows"].dump(),
        form["rows_with_other_choices"].dump(), form["largest_relative_difference"].get<double>(),
        form["same_traffic"].get<bool>() ? "the same" : "DIFFERENT");
  return text;
}

}  // namespace

std::string run_cuda_layer(const CudaLayerOptions& o, RecordingSink* sink, bool json,
                           Progress& progress) {
  RankLogs logs(static_cast<std::size_t>(o.group.size));
  const std::int64_t start = steady_now();
  const auto gpu =
      cuda::cuda_backend(o.model->config, o.group, {o.budget, sink == nullptr ? nullptr : &logs});
  std::unique_ptr<Recorder> recorder;
  if (sink != nullptr) {
    auto ranks = recorded_ranks(o);
    for (RecordedRank& rank : ranks) {
      rank.workers = gpu->sms();
      rank.device = gpu->gpu_name();
      rank.on_cpu = false;
    }
    recorder = std::make_unique<Recorder>(*sink, ranks, gpu->facts(), start, &logs);
  }
  std::vector<Form> forms;
  forms.push_back(run_form(o, *gpu, DispatchMode::PerNode, 0, progress));
  forms.push_back(
      run_form(o, *gpu, DispatchMode::Direct, static_cast<std::uint32_t>(o.steps), progress));
  if (recorder) recorder->finish();
  const auto result = report(o, *gpu, forms);
  for (const Form& form : forms)
    if (!form.check.passed() || !form.same_traffic)
      throw Error("GPU", form.name, "does not agree with the CPU\n" + to_text(result));
  return json ? result.dump(2) : to_text(result);
}

}  // namespace moescope::runtime
