#include "core/analysis/spans/gpu_work.h"

#include <algorithm>
#include <set>

#include "core/trace/find_device.h"

namespace moescope {

std::vector<TrackId> tracks_of(const Trace& trace, const DeviceKey& key) {
  std::vector<TrackId> result;
  for (TrackId id = 0; id < trace.tracks().size(); ++id) {
    const auto& track = trace.tracks()[id];
    if (track.type == TrackType::DeviceStream && track.process == key.process &&
        track.device == key.device)
      result.push_back(id);
  }
  return result;
}

const Device* find_device(const Trace& trace, const DeviceKey& key) {
  return find_device(trace.devices(), key.process, key.device);
}

std::string device_word(const Trace& trace, const DeviceKey& key) {
  const Device* device = find_device(trace, key);
  return device != nullptr && device->on_cpu ? "CPU" : "GPU " + std::to_string(key.device);
}

std::string device_text(const Trace& trace, const DeviceKey& key) {
  return trace.processes().at(key.process).label + ", " + device_word(trace, key);
}

ProcessorWords processor_words(const Device* device) {
  if (device != nullptr && device->on_cpu) return {"worker", "workers"};
  return {"SM", "SMs"};
}

std::vector<DeviceKey> devices_with_work(const Trace& trace) {
  std::set<DeviceKey> keys;
  for (TrackId id = 0; id < trace.tracks().size(); ++id) {
    const auto& track = trace.tracks()[id];
    const DeviceKey key{track.process, track.device};
    if (track.type != TrackType::DeviceStream || keys.contains(key)) continue;
    trace.visit_chunks(id, [&](const SpanChunk& chunk, std::uint32_t) {
      const auto& kinds = chunk.columns().kind;
      if (std::none_of(kinds.begin(), kinds.end(), is_gpu_work)) return true;
      keys.insert(key);
      return false;
    });
  }
  return {keys.begin(), keys.end()};
}

}  // namespace moescope
