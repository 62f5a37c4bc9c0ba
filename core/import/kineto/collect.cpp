#include "core/import/kineto/collect.h"

#include <cstring>
#include <limits>

#include "core/import/kineto/json_scan.h"
#include "core/import/kineto/json_text.h"

namespace moescope::kineto {
namespace {

constexpr std::int64_t kSyncThreadOffset = 1000000;  // Kineto: tid of a stream's waits
/// Keeps sums of times far from the limits of 64 bits.
constexpr TimeNs kMaxTime = std::numeric_limits<TimeNs>::max() / 4;

std::uint32_t correlation_of(std::string_view token) {
  const auto value = token_integer(token);
  return value && *value > 0 && *value <= std::numeric_limits<std::uint32_t>::max()
             ? static_cast<std::uint32_t>(*value)
             : 0;
}

}  // namespace

/// The place of a text among the recent ones, by its length, its first and its last bytes.
LocalStrings::Known& LocalStrings::recent(std::string_view text) {
  std::uint64_t first = 0, last = 0;
  if (text.size() >= sizeof first) {
    std::memcpy(&first, text.data(), sizeof first);
    std::memcpy(&last, text.data() + text.size() - sizeof last, sizeof last);
  } else {
    for (const char c : text) first = first << 8 | static_cast<unsigned char>(c);
  }
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15;
  const std::uint64_t mixed = ((first * kOdd) ^ last ^ text.size()) * kOdd;
  static_assert(std::tuple_size_v<decltype(recent_)> == 256, "eight bits choose the place");
  return recent_[mixed >> 56];
}

std::uint32_t LocalStrings::id(std::string_view text) {
  Known& known = recent(text);
  if (known.text.data() != nullptr && known.text == text) return known.id;
  const std::uint32_t id = find_or_add(text);
  known = {texts_[id], id};
  return id;
}

std::uint32_t LocalStrings::find_or_add(std::string_view text) {
  if (const auto it = ids_.find(text); it != ids_.end()) return it->second;
  const auto id = static_cast<std::uint32_t>(texts_.size());
  ids_.emplace(texts_.emplace_back(text), id);
  return id;
}

std::string_view pid_prefix(std::string_view pid) {
  if (!pid.starts_with('[')) return {};
  const auto close = pid.find(']');
  return close == pid.npos ? std::string_view{} : pid.substr(0, close + 1);
}

void Collector::add(const EventTokens& event, BlockEvents& block) {
  ++block.events;
  const std::string_view phase = token_text(event.phase, scratch_);
  if (phase.size() != 1) {
    ++block.skipped[phase.empty() ? "no phase" : "unknown phase"];
    return;
  }
  switch (phase[0]) {
    case 'X':
    case 'B':
    case 'E':
      return add_span(event, phase[0], block);
    case 'i':
    case 'I':
    case 'R':
      return add_span(event, 'i', block);
    case 's':
    case 't':
    case 'f':
      ++block.flows;  // launches are joined by correlation, which is complete where flows are not
      return;
    case 'M':
    case 'C':
    case 'b':
    case 'e':
    case 'n':
    case 'S':
    case 'F':
    case 'T':
    case 'p':
      return add_rare(event, phase[0], block);
    default:
      ++block.skipped["phase " + std::string(1, phase[0]) + " is not shown"];
  }
}

SpanKind Collector::kind(std::string_view category_token) {
  const auto id = categories_.id(category_token);
  if (id == kinds_.size()) kinds_.push_back(kind_of_category(token_text(category_token, scratch_)));
  return kinds_[id];
}

void Collector::add_span(const EventTokens& event, char phase, BlockEvents& block) {
  const auto start = microseconds_to_ns(event.time);
  if (!start || *start > kMaxTime || *start < -kMaxTime) {
    ++block.skipped[event.time.empty() ? "no timestamp" : "timestamp is no usable number"];
    return;
  }
  Record record;
  record.start = *start;
  record.phase = phase;
  if (phase == 'X') {
    const auto duration = microseconds_to_ns(event.duration);
    if (!duration || *duration > kMaxTime) {
      ++block.skipped[event.duration.empty() ? "no duration" : "duration is no usable number"];
      return;
    }
    if (*duration < 0) {
      ++block.skipped["negative duration"];
      return;
    }
    record.duration = *duration;
  }
  if (event.name.empty() && phase != 'E') {
    ++block.skipped["no name"];
    return;
  }
  const SpanKind category = kind(event.category);
  record.kind = phase == 'i' ? SpanKind::Instant : category;
  record.name = names_.id(event.name);
  record.track = track(event, record.kind);
  if (category != SpanKind::CpuOp && category != SpanKind::Annotation)
    record.correlation = correlation_of(event.arg.correlation);
  if (record.kind == SpanKind::Kernel) record.launch = launch(event.arg) + 1;
  if (keep_args_) keep_arguments(event, category, record, block);
  block.records.push_back(record);
}

void Collector::keep_arguments(const EventTokens& event, SpanKind kind, Record& record,
                               BlockEvents& block) {
  record.args_offset = block.args.size();
  block.args += event.args_text;
  if (kind == SpanKind::Other && !event.category.empty()) {  // no kind covers it
    const bool any = !event.args_text.empty();
    if (any) block.args.pop_back();
    block.args += any ? ",\"cat\":" : "{\"cat\":";
    append_quoted(block.args, token_text(event.category, scratch_));
    block.args += '}';
  }
  record.args_size = static_cast<std::uint32_t>(block.args.size() - record.args_offset);
}

void Collector::add_rare(const EventTokens& event, char phase, BlockEvents& block) {
  RareEvent rare;
  rare.phase = phase;
  if (phase != 'M') {
    const auto time = microseconds_to_ns(event.time);
    if (!time || *time > kMaxTime || *time < -kMaxTime) {
      ++block.skipped[event.time.empty() ? "no timestamp" : "timestamp is no usable number"];
      return;
    }
    rare.time = *time;
  }
  rare.name = token_text(event.name, scratch_);
  rare.category = token_text(event.category, scratch_);
  rare.pid = token_text(event.pid, scratch_);
  rare.tid = token_text(event.tid, scratch_);
  rare.id = token_text(event.id, scratch_);
  if (!event.args.empty())
    scan_value(event.args.data(), event.args.data() + event.args.size(), &rare.args);
  block.rare.push_back(std::move(rare));
}

TrackKey Collector::device_track(const EventTokens& event, SpanKind kind) {
  TrackKey key{TrackGroup::Stream, {}, {}, 0, 0};
  const std::string pid(token_text(event.pid, scratch_));
  key.pid = pid_prefix(pid);
  auto device = token_integer(event.arg.device);
  if (!device || *device < 0) device = token_integer(event.pid);
  if (!device && !key.pid.empty())
    device = token_integer(std::string_view(pid).substr(key.pid.size()));
  key.device = device && *device >= 0 && *device <= std::numeric_limits<int>::max() ? *device : 0;
  auto stream = token_integer(event.arg.stream);
  const auto tid = token_integer(event.tid);
  if (kind == SpanKind::Sync) {
    key.group = TrackGroup::Waits;
    if ((!stream || *stream < 0) && tid && *tid >= kSyncThreadOffset)
      stream = *tid - kSyncThreadOffset;
    key.stream = stream ? *stream : tid.value_or(-1);
    return key;
  }
  if (event.arg.stream.empty()) stream = tid;
  if (stream) {
    key.stream = *stream;
  } else {  // ids beyond 64 bits and names: the text keeps the streams apart
    key.stream = -1;
    key.tid = token_text(event.arg.stream.empty() ? event.tid : event.arg.stream, scratch_);
  }
  return key;
}

TrackKey Collector::thread_track(const EventTokens& event) {
  TrackKey key;
  key.pid = token_text(event.pid, scratch_);
  key.tid = token_text(event.tid, scratch_);
  key.stream = token_integer(event.tid).value_or(-1);
  return key;
}

std::uint32_t Collector::track(const EventTokens& event, SpanKind kind) {
  const auto group = kind == SpanKind::Sync                                 ? TrackGroup::Waits
                     : is_gpu_work(kind) || kind == SpanKind::GpuAnnotation ? TrackGroup::Stream
                                                                            : TrackGroup::Thread;
  const bool on_device = group != TrackGroup::Thread;
  const auto device = on_device ? event.arg.device : std::string_view{};
  const auto stream = on_device ? event.arg.stream : std::string_view{};
  LastTrack& last = last_tracks_[static_cast<std::size_t>(group)];
  if (last.known && last.pid == event.pid && last.tid == event.tid && last.device == device &&
      last.stream == stream)
    return last.id;
  key_.assign(1, group == TrackGroup::Thread ? 't' : group == TrackGroup::Waits ? 'w' : 's');
  for (const auto part : {event.pid, event.tid, device, stream}) {
    key_ += part;
    key_ += '\n';
  }
  const auto id = track_texts_.id(key_);
  if (id == tracks_.size())
    tracks_.push_back(on_device ? device_track(event, kind) : thread_track(event));
  last.pid = event.pid;
  last.tid = event.tid;
  last.device = device;
  last.stream = stream;
  last.id = id;
  last.known = true;
  return id;
}

std::uint32_t Collector::launch(const ArgTokens& arg) {
  key_.clear();
  for (const auto part : {arg.grid, arg.block, arg.cluster, arg.registers, arg.shared_memory}) {
    key_ += part;
    key_ += '\n';
  }
  const auto id = launch_texts_.id(key_);
  if (id == launches_.size()) launches_.push_back(launch_config(arg));
  return id;
}

}  // namespace moescope::kineto
