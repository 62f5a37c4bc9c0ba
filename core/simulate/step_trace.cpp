#include "core/simulate/step_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/simulate/simulate.h"
#include "core/version.h"

namespace moescope {
namespace {

using Index = std::size_t;

constexpr std::uint32_t kThreads = 1024;
constexpr std::uint32_t kSharedMemory = 227 * 1024;  ///< one block fills the SM
constexpr int kDevice = 0;

void write(MoetraceWriter& writer, TrackId track, SpanBatch batch) {
  if (batch.columns.size() > 0) writer.append(track, std::move(batch));
}

}  // namespace

StepTrace::StepTrace(MoetraceWriter& writer, const Scenario& scenario, const StepModel& model)
    : writer_(writer),
      s_(scenario),
      model_(model),
      sms_(share_sms(scenario.hardware, scenario.unit)) {
  for (int gpu = 0; gpu < s_.plan.num_gpus; ++gpu) add_gpu(gpu);
  Process steps;
  steps.label = "simulation";
  steps.name = "moescope simulate";
  step_track_ = writer_.add_track({writer_.add_process(steps), TrackType::Thread, -1, 0,
                                   fmt::format("{} steps (simulated)", to_string(s_.unit.phase))});
  writer_.add_plan({0, "simulated plan", plan_json(s_.plan)});
  write_info();
}

void StepTrace::add_gpu(int gpu) {
  Process process;
  process.label = fmt::format("rank {} (simulated)", gpu);
  process.pid = fmt::format("{}", gpu);
  // Named after its unit, as the runtime does it: so its steps are found.
  process.name = fmt::format("moescope simulate, {} unit", to_string(s_.unit.phase));
  process.rank = gpu;
  process.world_size = s_.plan.num_gpus;
  process.node = s_.plan.node_of_gpu(gpu);
  const auto id = writer_.add_process(process);
  Device device;
  device.process = id;
  device.index = kDevice;
  device.name = s_.hardware.title + " (simulated)";
  device.sm_count = static_cast<int>(s_.hardware.sm_count);
  writer_.add_device(device);
  const auto track = [&](std::int64_t stream, const std::string& name) {
    return writer_.add_track({id, TrackType::DeviceStream, kDevice, stream, name + " (simulated)"});
  };
  Tracks tracks;
  tracks.compute = track(0, "compute");
  tracks.communication = track(1, "communication");
  for (int mb = 0; mb < s_.unit.micro_batches; ++mb)
    tracks.layers[static_cast<Index>(mb)] =
        track(2 + mb, fmt::format("layers of micro-batch {}", mb));
  tracks_.push_back(tracks);
}

void StepTrace::write_info() {
  TraceInfo info;
  info.format = "moetrace";
  info.producer = "moescope simulate " + program_version();
  info.extra[kSimulatedFact] = fmt::format("{} on {} as {}; nothing of this was measured",
                                           s_.model.title, s_.hardware.title, s_.unit.title);
  info.warnings.push_back("This trace is simulated: every time in it is computed by a cost model");
  writer_.set_info(info);
}

/// Model layer of a row of the schedule: dense layers come first.
int StepTrace::layer_id(int layer) const {
  return layer < s_.model.dense_layers || s_.plan.layer_ids.empty()
             ? layer
             : s_.plan.layer_id(layer - s_.model.dense_layers);
}

/// Blocks that fill the SMs the stage holds, one each; none for transfers without SMs.
LaunchId StepTrace::launch_of(const StageSpan& span) {
  double sms = span.beside ? sms_.side : sms_.main;
  if (is_communication(span.stage)) sms = s_.unit.comm_sms;
  if (sms < 1) return 0;
  LaunchConfig launch;
  launch.grid = {static_cast<std::uint32_t>(sms), 1, 1};
  launch.block = {kThreads, 1, 1};
  launch.shared_memory = kSharedMemory;
  return writer_.intern_launch(launch);
}

std::string StepTrace::arguments(const StageSpan& span, int step) const {
  auto text =
      fmt::format(R"({{"simulated":true,"phase":"{}","step":{},"layer":{},"micro_batch":{})",
                  to_string(s_.unit.phase), step, layer_id(span.layer), span.micro_batch);
  const int row = span.layer - s_.model.dense_layers;
  if (row >= 0 && (span.stage == Stage::Dispatch || span.stage == Stage::Combine)) {
    const auto l = static_cast<Index>(row);
    const auto g = static_cast<Index>(span.gpu);
    const auto& traffic = model_.traffic(l);
    const double bytes =
        span.stage == Stage::Dispatch ? s_.model.dispatch_bytes() : s_.model.combine_bytes();
    text += fmt::format(R"(,"nvlink_bytes":{:.0f},"ib_bytes":{:.0f})",
                        traffic.nvlink_out[g] * bytes, traffic.ib_out[g] * bytes);
  }
  if (row >= 0 && span.stage == Stage::Experts) {
    const auto& tokens = (*batches_)[static_cast<Index>(span.micro_batch)][static_cast<Index>(row)];
    const auto per_gpu = s_.plan.slots_per_gpu();
    const auto first = tokens.begin() + static_cast<long>(span.gpu) * per_gpu;
    text += fmt::format(R"(,"tokens":{:.0f})", std::accumulate(first, first + per_gpu, 0.0));
  }
  return text + "}";
}

void StepTrace::write_gpu(const std::vector<StageSpan>& spans, int step) {
  const auto& tracks = tracks_[static_cast<Index>(spans.front().gpu)];
  SpanBatch compute, communication;
  std::map<std::pair<int, int>, TimeRange> layers;  // (micro-batch, layer)
  for (const auto& span : spans) {
    const Span row{
        span.begin, span.end - span.begin, writer_.strings().intern(to_string(span.stage)),
        0,          launch_of(span),       SpanKind::Kernel,
        0};
    (span.beside ? communication : compute).add(row, arguments(span, step));
    auto& time = layers.try_emplace({span.micro_batch, span.layer}, TimeRange{span.begin, span.end})
                     .first->second;
    time = {std::min(time.begin, span.begin), std::max(time.end, span.end)};
  }
  write(writer_, tracks.compute, std::move(compute));
  write(writer_, tracks.communication, std::move(communication));
  std::array<SpanBatch, 2> annotations;
  for (const auto& [key, time] : layers)
    annotations[static_cast<Index>(key.first)].add(
        {time.begin, time.length(),
         writer_.strings().intern(fmt::format("{} layer {} mb{}", to_string(s_.unit.phase),
                                              layer_id(key.second), key.first)),
         0, 0, SpanKind::GpuAnnotation, 0},
        R"({"simulated":true})");
  for (Index mb = 0; mb < annotations.size(); ++mb)
    write(writer_, tracks.layers[mb], std::move(annotations[mb]));
}

void StepTrace::write_loads(TimeRange time, const std::vector<SlotTokens>& batches) {
  for (Index l = 0; l < batches[0].size(); ++l) {
    LoadRow row{time.begin, time.end,     layer_id(static_cast<int>(l) + s_.model.dense_layers),
                "logical",  std::nullopt, {}};
    std::vector<double> counts(static_cast<Index>(s_.plan.num_experts), 0.0);
    const auto& slots = s_.plan.physical_to_logical[l];
    for (const auto& batch : batches)
      for (Index slot = 0; slot < slots.size(); ++slot)
        if (slots[slot] >= 0) counts[static_cast<Index>(slots[slot])] += batch[l][slot];
    for (const double n : counts) row.counts.push_back(static_cast<std::uint32_t>(n));
    writer_.add_loads(row);
  }
}

void StepTrace::end_step(int step, TimeRange time, const std::vector<SlotTokens>& batches) {
  batches_ = &batches;
  std::stable_sort(spans_.begin(), spans_.end(), [](const StageSpan& a, const StageSpan& b) {
    return std::pair(a.gpu, a.begin) < std::pair(b.gpu, b.begin);
  });
  for (auto first = spans_.begin(); first != spans_.end();) {
    const auto last =
        std::find_if(first, spans_.end(), [&](const StageSpan& s) { return s.gpu != first->gpu; });
    write_gpu({first, last}, step);
    first = last;
  }
  spans_.clear();
  const double tokens = s_.unit.tokens_per_gpu * s_.plan.live_gpus() * s_.unit.micro_batches;
  const double requests = s_.unit.phase == Phase::Decode ? tokens : tokens / s_.unit.context;
  SpanBatch steps;
  steps.add({time.begin, time.length(),
             writer_.strings().intern(fmt::format("{} step", to_string(s_.unit.phase))), 0, 0,
             SpanKind::Annotation, 0},
            fmt::format(R"({{"simulated":true,"step":{},"requests":{:.0f},"tokens":{:.0f}}})", step,
                        std::ceil(requests), tokens));
  write(writer_, step_track_, std::move(steps));
  write_loads(time, batches);
}

}  // namespace moescope
