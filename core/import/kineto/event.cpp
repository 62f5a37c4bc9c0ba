#include "core/import/kineto/event.h"

#include <algorithm>
#include <utility>

#include "core/import/kineto/json_scan.h"
#include "core/import/kineto/json_text.h"

namespace moescope::kineto {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

void note_arg(ArgTokens& arg, std::string_view key, std::string_view value) {
  switch (key.size()) {
    case 4:
      if (key == "grid") arg.grid = value;
      break;
    case 5:
      if (key == "block") arg.block = value;
      break;
    case 6:
      if (key == "stream") arg.stream = value;
      if (key == "device") arg.device = value;
      break;
    case 7:
      if (key == "cluster") arg.cluster = value;
      break;
    case 11:
      if (key == "correlation") arg.correlation = value;
      if (key == "cluster dim") arg.cluster = value;
      break;
    case 12:
      if (key == "cluster size") arg.cluster = value;
      break;
    case 13:
      if (key == "shared memory") arg.shared_memory = value;
      break;
    case 20:
      if (key == "registers per thread") arg.registers = value;
      break;
    default:
      break;
  }
}

/// Walks the object at `p`, calling field(key without quotes, value text). `field` reads the value
/// itself and returns one past it, or nullptr.
template <typename Field>
const char* scan_fields(const char* p, const char* end, Field field) {
  p = skip_space(p + 1, end);
  if (p < end && *p == '}') return p + 1;
  while (p < end && *p == '"') {
    const char* key = p;
    p = scan_string(p, end);
    if (!p) return nullptr;
    const auto name = between(key + 1, p - 1);
    p = skip_space(p, end);
    if (p == end || *p != ':') return nullptr;
    p = field(name, skip_space(p + 1, end));
    if (!p) return nullptr;
    p = skip_space(p, end);
    if (p == end) return nullptr;
    if (*p == '}') return p + 1;
    if (*p != ',') return nullptr;
    p = skip_space(p + 1, end);
  }
  return nullptr;
}

std::string_view* column_of(EventTokens& event, std::string_view key) {
  switch (key.size()) {
    case 2:
      if (key == "ph") return &event.phase;
      if (key == "ts") return &event.time;
      if (key == "id") return &event.id;
      break;
    case 3:
      if (key == "pid") return &event.pid;
      if (key == "tid") return &event.tid;
      if (key == "cat") return &event.category;
      if (key == "dur") return &event.duration;
      break;
    case 4:
      if (key == "name") return &event.name;
      break;
    default:
      break;
  }
  return nullptr;
}

/// Reads the args object at `p` in one walk: columns, and all of it as text when `out` is given.
const char* scan_args(const char* p, const char* end, ArgTokens& arg, std::string* out) {
  if (out) *out += '{';
  bool first = true;
  p = scan_fields(p, end, [&](std::string_view key, const char* value) -> const char* {
    if (out) {
      if (!first) *out += ',';
      first = false;
      // The key was scanned as a string; scan it as a value so that bad escapes are refused.
      if (!scan_value(key.data() - 1, key.data() + key.size() + 1, out)) return nullptr;
      *out += ':';
    }
    const char* next = scan_value(value, end, out, 1);
    if (next) note_arg(arg, key, between(value, next));
    return next;
  });
  if (out) *out += '}';
  return p;
}

using Extra = std::pair<std::string_view, std::string_view>;

/// Adds fields of the event itself behind its arguments.
void append_extra(std::string& text, std::string_view key, std::string_view value) {
  if (text.empty()) text = "{}";
  text.pop_back();
  if (text.size() > 1) text += ',';
  text += '"';
  text += key;
  text += "\":";
  scan_value(value.data(), value.data() + value.size(), &text);
  text += '}';
}

std::array<std::uint32_t, 3> triplet(std::string_view token) {
  std::array<std::uint32_t, 3> result{};
  std::size_t filled = 0;
  for (std::size_t i = 0; i < token.size() && filled < 3;) {
    if (token[i] < '0' || token[i] > '9') {
      ++i;
      continue;
    }
    std::uint64_t value = 0;
    for (; i < token.size() && token[i] >= '0' && token[i] <= '9'; ++i)
      value = std::min<std::uint64_t>(value * 10 + static_cast<std::uint64_t>(token[i] - '0'),
                                      0xFFFFFFFFU);
    result[filled++] = static_cast<std::uint32_t>(value);
  }
  if (filled == 0) return result;
  for (; filled < 3; ++filled) result[filled] = 1;
  return result;
}

std::uint32_t unsigned_or_zero(std::string_view token) {
  const auto value = token_integer(token);
  return value && *value > 0 && *value <= 0xFFFFFFFFLL ? static_cast<std::uint32_t>(*value) : 0;
}

}  // namespace

void EventTokens::clear() {
  phase = category = name = pid = tid = time = duration = id = args = {};
  arg = {};
  args_text.clear();
}

const char* scan_event(const char* p, const char* end, EventTokens& event, bool keep_args) {
  event.clear();
  std::array<Extra, 8> extras;
  std::size_t extra_count = 0;
  p = scan_fields(p, end, [&](std::string_view key, const char* value) -> const char* {
    if (key == "args" && value < end && *value == '{') {
      event.arg = {};
      event.args_text.clear();
      const char* next = scan_args(value, end, event.arg, keep_args ? &event.args_text : nullptr);
      if (next) event.args = between(value, next);
      return next;
    }
    const char* next = scan_value(value, end, nullptr);
    if (!next) return nullptr;
    if (auto* column = column_of(event, key))
      *column = between(value, next);
    else if (keep_args && extra_count < extras.size() && key.find('\\') == key.npos)
      extras[extra_count++] = {key, between(value, next)};
    return next;
  });
  if (!p || !keep_args) return p;
  if (event.args_text == "{}") event.args_text.clear();
  if (!event.id.empty()) append_extra(event.args_text, "id", event.id);
  for (std::size_t i = 0; i < extra_count; ++i)
    append_extra(event.args_text, extras[i].first, extras[i].second);
  return p;
}

LaunchConfig launch_config(const ArgTokens& arg) {
  LaunchConfig launch;
  launch.grid = triplet(arg.grid);
  launch.block = triplet(arg.block);
  launch.cluster = triplet(arg.cluster);
  launch.registers_per_thread = unsigned_or_zero(arg.registers);
  launch.shared_memory = unsigned_or_zero(arg.shared_memory);
  return launch;
}

SpanKind kind_of_category(std::string_view category) {
  std::string lower(category);
  for (auto& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  static constexpr std::pair<std::string_view, SpanKind> kKinds[] = {
      {"kernel", SpanKind::Kernel},
      {"gpu_memcpy", SpanKind::Memcpy},
      {"memcpy", SpanKind::Memcpy},
      {"memset", SpanKind::Memset},
      {"phase", SpanKind::Phase},
      {"gpu_memset", SpanKind::Memset},
      {"gpu_user_annotation", SpanKind::GpuAnnotation},
      {"cuda_sync", SpanKind::Sync},
      {"cuda_runtime", SpanKind::Runtime},
      {"cuda_driver", SpanKind::Runtime},
      {"hip_runtime", SpanKind::Runtime},
      {"runtime", SpanKind::Runtime},
      {"cpu_op", SpanKind::CpuOp},
      {"operator", SpanKind::CpuOp},
      {"user_annotation", SpanKind::Annotation},
  };
  for (const auto& [name, kind] : kKinds)
    if (lower == name) return kind;
  return SpanKind::Other;
}

}  // namespace moescope::kineto
