#include "app/commands/trace/analyze_json.h"

#include <cmath>

#include "core/analysis/overlap/losses.h"
#include "core/analysis/spans/gpu_work.h"

namespace moescope {

const SmAllocation* find_sm(const std::vector<SmAllocation>& all, const DeviceKey& key) {
  for (const auto& a : all)
    if (a.key == key) return &a;
  return nullptr;
}

Json events_json(const OverlapFigures& f) {
  return {{"comm", f.comm_events}, {"compute", f.compute_events}, {"memory", f.memory_events}};
}

Json device_json(const Trace& trace, const DeviceOverlap& overlap, const SmAllocation* sm,
                 const std::optional<TimeRange>& window) {
  const auto& process = trace.processes().at(overlap.key.process);
  const Device* device = find_device(trace, overlap.key);
  const auto& f = overlap.figures;
  Json json = {
      {"process", process.label},
      {"rank", nullable(process.rank)},
      {"device", overlap.key.device},
      {"name", device != nullptr && !device->name.empty() ? Json(device->name) : Json()},
      {"sm_count", device != nullptr && device->sm_count > 0 ? Json(device->sm_count) : Json()},
      {"events", events_json(f)}};
  json.update(figures_json(f));
  json["lost_ns"] = lost_time(losses_in(trace, window, overlap.key.process), window);
  json["sm"] = sm != nullptr ? sm_json(*sm) : Json();
  return json;
}

Json headline_json(const Trace& trace, const Headline& headline) {
  const OverlapFigures& total = headline.total;
  const auto hidden = total.overlap_percent();
  Json json = {{"devices", headline.devices},
               {"comm_ns", total.comm},
               {"exposed_comm_ns", total.exposed},
               {"hidden_pct", hidden ? Json(std::round(*hidden * 1e4) / 1e4) : Json()},
               {"worst", Json()},
               {"comm_sms", Json()},
               {"comm_sms_mean", Json()}};
  if (const auto fused = total.fused_percent())
    json["not_observable"] = {{"kernels", total.fused_events},
                              {"fused_ns", total.fused},
                              {"comm_pct", std::round(*fused * 1e4) / 1e4}};
  if (const auto& worst = headline.worst) {
    const Process& process = trace.processes().at(worst->key.process);
    json["worst"] = {{"process", process.label},
                     {"rank", nullable(process.rank)},
                     {"device", worst->key.device},
                     {"exposed_comm_ns", worst->exposed},
                     {"cause", cause_text(worst->causes.front())},
                     {"cause_ns", worst->causes.front().time}};
  }
  if (const auto& sms = headline.comm_sms) {
    json["comm_sms"] = sms->most;
    json["comm_sms_mean"] = std::round(sms->mean * 1e3) / 1e3;
  }
  return json;
}

}  // namespace moescope
