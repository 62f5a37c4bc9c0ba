#include "gpu/engine/layer_run.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "gpu/base/clock.h"
#include "gpu/engine/layer/layer_check.h"
#include "gpu/record/recorder.h"

namespace moescope::runtime {
namespace {

/// Result of the steps with one form of dispatch.
struct Form {
  const char* name;
  LayerCheck check;
  bool same_traffic = true;
  /// Rows that went to other experts by ties travelled elsewhere.
  bool traffic_compared() const { return check.moved_choices == 0; }
  bool passed() const { return check.passed() && (same_traffic || !traffic_compared()); }
};

Form run_form(const LayerRunOptions& o, MoeDevice& device, const Backend& reference,
              DispatchMode dispatch, std::uint32_t first_step, Progress& progress) {
  const ModelConfig& config = o.model->config;
  const auto other = reference.layer_device(config, {o.group, {}, nullptr});
  MoeLayerOptions layer;
  layer.group = o.group;
  layer.dispatch = dispatch;
  layer.combine = o.combine;
  layer.max_tokens = o.max_tokens;
  const Placement placement =
      o.placement ? *o.placement
                  : Placement::contiguous(config.moe_layers(), config.experts, o.group.size);
  MoeLayer expected(*other, o.model, config.dense_layers, layer, placement);
  MoeLayer found(device, o.model, config.dense_layers, layer, placement);
  const LayerWeights& weights =
      o.model->weights.layers[static_cast<std::size_t>(config.dense_layers)];
  Form form{dispatch == DispatchMode::PerNode ? "per node" : "direct", {}};
  for (int i = 0; i < o.steps; ++i) {
    progress.report(static_cast<double>(i) / o.steps, form.name);
    const auto step = first_step + static_cast<std::uint32_t>(i);
    const auto inputs = random_inputs(config.hidden, o.group.size, o.max_tokens, o.seed + step);
    form.check.add(expected.run(inputs, step), found.run(inputs, step),
                   scores_of(config, weights, inputs));
  }
  for (int member = 0; member < o.group.size; ++member)
    if (expected.exchange().traffic(member).bytes != found.exchange().traffic(member).bytes)
      form.same_traffic = false;
  return form;
}

std::vector<RecordedRank> recorded_ranks(const LayerRunOptions& o, const DeviceFacts& device) {
  std::vector<RecordedRank> ranks;
  for (int number = 0; number < o.group.size; ++number) {
    RecordedRank& rank = ranks.emplace_back();
    rank.rank = number;
    rank.node = o.group.node_of(number);
    rank.unit = UnitKind::Prefill;
    rank.workers = device.workers;
    rank.device = device.name;
    rank.on_cpu = device.on_cpu;
  }
  return ranks;
}

nlohmann::ordered_json report(const LayerRunOptions& o, const DeviceFacts& device,
                              const std::vector<Form>& forms) {
  auto list = nlohmann::ordered_json::array();
  for (const Form& form : forms)
    list.push_back(
        {{"dispatch", form.name},
         {"rows", form.check.rows},
         {"rows_with_tied_choices", form.check.tied_choices},
         {"rows_with_other_choices", form.check.other_choices},
         {"other_loads", form.check.other_loads},
         {"largest_relative_difference", form.check.largest},
         {"same_traffic", form.traffic_compared() ? nlohmann::ordered_json(form.same_traffic)
                                                  : nlohmann::ordered_json()}});
  return {{"schema", 1},
          {"gpu", device.name},
          {"sms", device.workers},
          {"facts", device.more},
          {"ranks", o.group.size},
          {"nodes", o.group.nodes},
          {"ordered", o.combine == CombineMode::Ordered},
          {"steps", o.steps},
          {"dropped_records", device.dropped},
          {"forms", list}};
}

const char* traffic_text(const nlohmann::ordered_json& same) {
  if (same.is_null()) return "not compared: tied choices went elsewhere";
  return same.get<bool>() ? "the same" : "DIFFERENT";
}

std::string to_text(const nlohmann::ordered_json& r) {
  std::string text = fmt::format("{}: {} ranks on {} nodes", r["gpu"].get<std::string>(),
                                 r["ranks"].dump(), r["nodes"].dump());
  if (r["facts"].contains("sms_per_rank"))
    text += fmt::format(", {} SMs a rank", r["facts"]["sms_per_rank"].get<std::string>());
  for (const auto& form : r["forms"])
    text += fmt::format(
        "\ndispatch {:<9} {} rows: {} with other choices, {} tied within {} ulp, largest relative "
        "difference {:.1e}, "
        "traffic {}",
        form["dispatch"].get<std::string>(), form["rows"].dump(),
        form["rows_with_other_choices"].dump(), form["rows_with_tied_choices"].dump(), kTiedUlps,
        form["largest_relative_difference"].get<double>(), traffic_text(form["same_traffic"]));
  return text;
}

}  // namespace

std::string run_layer(const LayerRunOptions& o, const Backend& backend, const Backend& reference,
                      RecordingSink* sink, bool json, Progress& progress) {
  RankLogs logs(static_cast<std::size_t>(o.group.size));
  const std::int64_t start = steady_now();
  const auto device =
      backend.layer_device(o.model->config, {o.group, o.budget, sink == nullptr ? nullptr : &logs});
  std::unique_ptr<Recorder> recorder;
  if (sink != nullptr) {
    const DeviceFacts facts = device->facts();
    recorder =
        std::make_unique<Recorder>(*sink, recorded_ranks(o, facts), facts.more, start, &logs);
  }
  std::vector<Form> forms;
  forms.push_back(run_form(o, *device, reference, DispatchMode::PerNode, 0, progress));
  forms.push_back(run_form(o, *device, reference, DispatchMode::Direct,
                           static_cast<std::uint32_t>(o.steps), progress));
  if (recorder) recorder->finish();
  const auto result = report(o, device->facts(), forms);
  for (const Form& form : forms)
    if (!form.passed())
      throw Error(backend.name(), form.name,
                  fmt::format("does not agree with {}\n{}", reference.name(), to_text(result)));
  return json ? result.dump(2) : to_text(result);
}

}  // namespace moescope::runtime
