#include "core/import/perfetto/track_events.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/import/json_number.h"
#include "core/import/kineto/event.h"
#include "core/import/span_lanes.h"

namespace moescope::perfetto {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint32_t kStateCleared = 1, kNeedsState = 2;  // SequenceFlags
constexpr int kMaxDepth = 8;
constexpr std::size_t kMaxItems = 1024;  // of one list of annotations
constexpr TimeNs kNsPerUs = 1000;

const std::string* find_name(const std::unordered_map<std::uint64_t, std::string>& names,
                             std::uint64_t iid) {
  const auto it = names.find(iid);
  return it == names.end() ? nullptr : &it->second;
}

template <typename Entries>
void remember(const Entries& entries, std::unordered_map<std::uint64_t, std::string>& names) {
  for (const auto& entry : entries) names[entry.iid()] = entry.name();
}

/// Names that rocprofv3 and rocpd give categories, beside those of the PyTorch profiler.
SpanKind kind_of(std::string_view category) {
  static constexpr std::array<std::pair<std::string_view, SpanKind>, 6> kRocm = {{
      {"kernel_dispatch", SpanKind::Kernel},
      {"memory_copy", SpanKind::Memcpy},
      {"hip_api", SpanKind::Runtime},
      {"hsa_api", SpanKind::Runtime},
      {"rocm_hip_api", SpanKind::Runtime},
      {"marker_api", SpanKind::Annotation},
  }};
  for (const auto& [name, kind] : kRocm)
    if (category == name) return kind;
  return kineto::kind_of_category(category);
}

std::uint32_t size_of_axis(const Json& args, const char* key, std::size_t axis) {
  const auto it = args.find(key);
  if (it == args.end() || !it->is_array() || it->size() <= axis) return 0;
  const auto& value = (*it)[axis];
  if (!value.is_number_integer()) return 0;
  const auto number = value.get<std::int64_t>();
  return number >= 0 && number <= 0x7FFFFFFF ? static_cast<std::uint32_t>(number) : 0U;
}

/// As the PyTorch profiler names it.
LaunchConfig launch_of(const Json& args) {
  LaunchConfig launch;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    launch.grid.at(axis) = size_of_axis(args, "grid", axis);
    launch.block.at(axis) = size_of_axis(args, "block", axis);
  }
  const auto small = [&](const char* key) {
    const auto number = whole_number_in(args, key).value_or(0);
    return number >= 0 && number <= 0x7FFFFFFF ? static_cast<std::uint32_t>(number) : 0U;
  };
  launch.registers_per_thread = small("registers per thread");
  launch.shared_memory = small("shared memory");
  return launch;
}

/// Annotations as JSON.
class Annotations {
 public:
  Annotations(const std::unordered_map<std::uint64_t, std::string>& names,
              const std::unordered_map<std::uint64_t, std::string>& texts)
      : names_(names), texts_(texts) {}

  template <typename Entries>
  Json object(const Entries& entries, int depth = 0) const {
    Json json = Json::object();
    for (const auto& entry : entries) {
      if (json.size() >= kMaxItems) break;
      const auto* interned = entry.has_name_iid() ? find_name(names_, entry.name_iid()) : nullptr;
      const std::string& name = interned != nullptr ? *interned : entry.name();
      if (!name.empty()) json[name] = value(entry, depth);
    }
    return json;
  }

 private:
  Json value(const DebugAnnotation& entry, int depth) const {
    if (depth >= kMaxDepth) return nullptr;
    if (entry.dict_entries_size() > 0) return object(entry.dict_entries(), depth + 1);
    if (entry.array_values_size() > 0) {
      Json list = Json::array();
      for (const auto& item : entry.array_values())
        if (list.size() < kMaxItems) list.push_back(value(item, depth + 1));
      return list;
    }
    switch (entry.value_case()) {
      case DebugAnnotation::kBoolValue:
        return entry.bool_value();
      case DebugAnnotation::kUintValue:
        return entry.uint_value();
      case DebugAnnotation::kIntValue:
        return entry.int_value();
      case DebugAnnotation::kDoubleValue:
        return std::isfinite(entry.double_value()) ? Json(entry.double_value()) : Json();
      case DebugAnnotation::kStringValue:
        return entry.string_value();
      case DebugAnnotation::kPointerValue:
        return entry.pointer_value();
      case DebugAnnotation::kStringValueIid: {
        const auto* text = find_name(texts_, entry.string_value_iid());
        return text == nullptr ? Json() : Json(*text);
      }
      case DebugAnnotation::kLegacyJsonValue: {
        auto json = Json::parse(entry.legacy_json_value(), nullptr, false);
        return json.is_primitive() && !json.is_discarded() ? json : Json(entry.legacy_json_value());
      }
      default:
        return nullptr;
    }
  }

  const std::unordered_map<std::uint64_t, std::string>& names_;
  const std::unordered_map<std::uint64_t, std::string>& texts_;
};

}  // namespace

void TrackEvents::add(const TracePacket& packet) {
  const std::uint32_t id = packet.trusted_packet_sequence_id();
  Sequence& sequence = sequences_[id];
  update(packet, sequence, id);
  if (packet.has_track_descriptor()) describe(packet.track_descriptor());
  if (!packet.has_track_event()) return;
  ++events_;
  if (sequence.lost && (packet.sequence_flags() & kNeedsState) != 0)
    ++skipped_["event whose names were in lost packets"];
  else
    add_event(packet, sequence, id);
}

void TrackEvents::update(const TracePacket& packet, Sequence& sequence, std::uint32_t id) {
  if (packet.incremental_state_cleared() || (packet.sequence_flags() & kStateCleared) != 0)
    sequence = {};
  else if (packet.previous_packet_dropped())
    sequence.lost = true;
  if (packet.has_trace_packet_defaults()) {
    const auto& defaults = packet.trace_packet_defaults();
    if (defaults.has_timestamp_clock_id()) sequence.clock = defaults.timestamp_clock_id();
    if (defaults.track_event_defaults().has_track_uuid())
      sequence.track = defaults.track_event_defaults().track_uuid();
  }
  if (packet.has_interned_data()) {
    const auto& data = packet.interned_data();
    remember(data.event_categories(), sequence.categories);
    remember(data.event_names(), sequence.names);
    remember(data.debug_annotation_names(), sequence.annotations);
    remember(data.debug_annotation_string_values(), sequence.texts);
  }
  if (packet.has_clock_snapshot()) clocks_.add(packet.clock_snapshot(), id);
}

void TrackEvents::describe(const TrackDescriptor& descriptor) {
  RawTrack& track = tracks_[descriptor.uuid()];
  const auto take = [](const std::string& from, std::string& to) {
    if (!from.empty()) to = from;
  };
  take(descriptor.name(), track.name);
  take(descriptor.static_name(), track.name);
  if (descriptor.parent_uuid() != descriptor.uuid()) track.parent = descriptor.parent_uuid();
  if (descriptor.has_process()) {
    track.pid = descriptor.process().pid();
    take(descriptor.process().process_name(), track.process_name);
  }
  if (descriptor.has_thread()) {
    track.pid = descriptor.thread().pid();
    track.tid = descriptor.thread().tid();
    take(descriptor.thread().thread_name(), track.thread_name);
  }
  if (!descriptor.has_counter()) return;
  track.counter = true;
  track.incremental = descriptor.counter().is_incremental();
  take(descriptor.counter().unit_name(), track.unit);
  if (descriptor.counter().unit_multiplier() > 0)
    track.unit_multiplier = descriptor.counter().unit_multiplier();
}

void TrackEvents::add_event(const TracePacket& packet, const Sequence& sequence, std::uint32_t id) {
  const TrackEvent& event = packet.track_event();
  const auto clock = packet.has_timestamp_clock_id() ? packet.timestamp_clock_id()
                                                     : sequence.clock.value_or(kBootTime);
  const auto time =
      packet.has_timestamp() ? clocks_.trace_time(packet.timestamp(), clock, id) : std::nullopt;
  if (!time) {
    ++skipped_[packet.has_timestamp() ? "time out of range" : "event without a timestamp"];
    return;
  }
  RawTrack& track =
      tracks_[event.has_track_uuid() ? event.track_uuid() : sequence.track.value_or(0)];
  if (event.type() == TrackEvent::TYPE_COUNTER) return add_value(event, track, *time);
  RawEvent raw;
  raw.time = *time;
  if (const char* problem = read_event(event, sequence, raw)) {
    ++skipped_[problem];
    return;
  }
  annotate(event, sequence, track, raw);
  track.events.push_back(raw);
}

/// nullptr, or why the event cannot be used.
const char* TrackEvents::read_event(const TrackEvent& event, const Sequence& sequence,
                                    RawEvent& raw) {
  switch (event.type()) {
    case TrackEvent::TYPE_SLICE_BEGIN:
      raw.type = RawEvent::Type::Begin;
      break;
    case TrackEvent::TYPE_SLICE_END:
      raw.type = RawEvent::Type::End;
      return nullptr;
    case TrackEvent::TYPE_INSTANT:
      break;
    default:
      switch (event.legacy_event().phase()) {
        case 'B':
          raw.type = RawEvent::Type::Begin;
          break;
        case 'E':
          raw.type = RawEvent::Type::End;
          return nullptr;
        case 'X':
          raw.type = RawEvent::Type::Complete;
          if (event.legacy_event().duration_us() < 0 ||
              event.legacy_event().duration_us() > kMaxImportTime / kNsPerUs)
            return "duration out of range";
          raw.duration = event.legacy_event().duration_us() * kNsPerUs;
          break;
        case 'I':
        case 'i':
          break;
        default:
          return "event of an unknown type";
      }
  }
  const auto* interned =
      event.has_name_iid() ? find_name(sequence.names, event.name_iid()) : nullptr;
  const std::string& name = interned != nullptr ? *interned : event.name();
  raw.name = sink_.strings().intern(name.empty() ? "(unnamed)" : name);
  for (const auto iid : event.category_iids())
    if (const auto* category = find_name(sequence.categories, iid);
        category != nullptr && raw.kind == SpanKind::Other)
      raw.kind = kind_of(*category);
  for (const auto& category : event.categories())
    if (raw.kind == SpanKind::Other) raw.kind = kind_of(category);
  return nullptr;
}

void TrackEvents::annotate(const TrackEvent& event, const Sequence& sequence, RawTrack& track,
                           RawEvent& raw) {
  if (event.debug_annotations_size() == 0 || raw.type == RawEvent::Type::End) return;
  const Json args =
      Annotations(sequence.annotations, sequence.texts).object(event.debug_annotations());
  // A kernel has a launch configuration, also where no category says what it is.
  if (raw.kind == SpanKind::Other && args.contains("grid") && args.contains("block"))
    raw.kind = SpanKind::Kernel;
  if (is_gpu_work(raw.kind) || raw.kind == SpanKind::GpuAnnotation) {
    if (!track.device) track.device = whole_number_in(args, "device");
    if (!track.stream) track.stream = whole_number_in(args, "stream");
  }
  if (raw.kind == SpanKind::Kernel) raw.launch = sink_.intern_launch(launch_of(args));
  const auto correlation = whole_number_in(args, "correlation").value_or(0);
  if (correlation > 0 && correlation <= 0xFFFFFFFF)
    raw.correlation = static_cast<std::uint32_t>(correlation);
  if (!keep_args_) return;
  raw.args_begin = args_.size();
  args_ += args.dump(-1, ' ', false, Json::error_handler_t::replace);
  raw.args_size = static_cast<std::uint32_t>(args_.size() - raw.args_begin);
}

void TrackEvents::add_value(const TrackEvent& event, RawTrack& track, TimeNs time) {
  double value = event.has_double_counter_value() ? event.double_counter_value()
                                                  : static_cast<double>(event.counter_value());
  value *= static_cast<double>(track.unit_multiplier);
  if (track.incremental && !track.values.empty()) value += track.values.back().second;
  if (std::isfinite(value))
    track.values.emplace_back(time, value);
  else
    ++skipped_["counter value that is not finite"];
}

}  // namespace moescope::perfetto
