#include "core/import/kineto/event.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/import/kineto/json_scan.h"
#include "core/import/kineto/json_text.h"

namespace moescope::kineto {
namespace {

/// Fields without a column that are kept of one event.
constexpr std::size_t kMostOthers = 8;

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

/// Past the colon at `p` and the spaces around it; nullptr when there is none.
inline const char* skip_colon(const char* p, const char* end) {
  p = skip_space(p, end);
  return p < end && *p == ':' ? skip_space(p + 1, end) : nullptr;
}

/// One past the key at `p`; nullptr when it does not close or is no UTF-8.
inline const char* key_end(const char* p, const char* end) {
  const StringToken key = scan_string(p, end);
  return !key.end || key.ascii || is_valid_text(p, key, false) ? key.end : nullptr;
}

/// Walks the object at `p`, calling field(beginning of its key). `field` reads the whole field and
/// returns one past it, or nullptr.
template <typename Field>
const char* scan_fields(const char* p, const char* end, Field field) {
  p = skip_space(p + 1, end);
  if (p < end && *p == '}') return p + 1;
  while (p < end && *p == '"') {
    p = field(p);
    if (!p) return nullptr;
    p = skip_space(p, end);
    if (p == end) return nullptr;
    if (*p == '}') return p + 1;
    if (*p != ',') return nullptr;
    p = skip_space(p + 1, end);
  }
  return nullptr;
}

/// Moves `p` past `key` if that stands there.
template <std::size_t N>
bool take(const char*& p, const char* end, const char (&key)[N]) {
  if (end - p < std::ptrdiff_t{N} || std::memcmp(p, key, N - 1) != 0) return false;
  p += N - 1;
  return true;
}

/// Moves `p` past the key there if it is one that has a column. Comparing with the usual keys, not
/// searching for the end, lets the processor go on before it knows that end.
std::string_view* take_column(EventTokens& event, const char*& p, const char* end) {
  if (end - p < 2) return nullptr;
  switch (p[1]) {
    case 'p':
      if (take(p, end, "\"ph\"")) return &event.phase;
      if (take(p, end, "\"pid\"")) return &event.pid;
      break;
    case 't':
      if (take(p, end, "\"ts\"")) return &event.time;
      if (take(p, end, "\"tid\"")) return &event.tid;
      break;
    case 'c':
      if (take(p, end, "\"cat\"")) return &event.category;
      break;
    case 'n':
      if (take(p, end, "\"name\"")) return &event.name;
      break;
    case 'd':
      if (take(p, end, "\"dur\"")) return &event.duration;
      break;
    case 'i':
      if (take(p, end, "\"id\"")) return &event.id;
      break;
    default:
      break;
  }
  return nullptr;
}

/// The same for keys of arguments.
std::string_view* take_column(ArgTokens& arg, const char*& p, const char* end) {
  if (end - p < 2) return nullptr;
  switch (p[1]) {
    case 'c':
      if (take(p, end, "\"correlation\"")) return &arg.correlation;
      if (take(p, end, "\"cluster\"") || take(p, end, "\"cluster dim\"") ||
          take(p, end, "\"cluster size\""))
        return &arg.cluster;
      break;
    case 's':
      if (take(p, end, "\"stream\"")) return &arg.stream;
      if (take(p, end, "\"shared memory\"")) return &arg.shared_memory;
      break;
    case 'd':
      if (take(p, end, "\"device\"")) return &arg.device;
      break;
    case 'g':
      if (take(p, end, "\"grid\"")) return &arg.grid;
      break;
    case 'b':
      if (take(p, end, "\"block\"")) return &arg.block;
      break;
    case 'r':
      if (take(p, end, "\"registers per thread\"")) return &arg.registers;
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
  p = scan_fields(p, end, [&](const char* key) -> const char* {
    const char* after = key;
    std::string_view* column = take_column(arg, after, end);
    if (!column) after = key_end(key, end);
    const char* value = after ? skip_colon(after, end) : nullptr;
    if (!value) return nullptr;
    if (out) {
      if (!first) *out += ',';
      first = false;
      // Written as a value, so that bad escapes are refused.
      if (!scan_value(key, after, out)) return nullptr;
      *out += ':';
    }
    const char* next = out ? scan_value(value, end, out, 1) : value_end(value, end, 1);
    if (next && column) *column = between(value, next);
    return next;
  });
  if (out) *out += '}';
  return p;
}

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

const char* scan_event(const char* p, const char* end, EventTokens& event, bool keep_args) {
  static_cast<FieldTokens&>(event) = {};
  event.arg = {};
  event.args_text.clear();
  event.others.clear();
  p = scan_fields(p, end, [&](const char* key) -> const char* {
    const char* after = key;
    std::string_view* column = take_column(event, after, end);
    if (!column) after = key_end(key, end);
    const char* value = after ? skip_colon(after, end) : nullptr;
    if (!value) return nullptr;
    const auto name = between(key + 1, after - 1);
    if (!column && value < end && *value == '{' && name == "args") {
      event.arg = {};
      event.args_text.clear();
      const char* next = scan_args(value, end, event.arg, keep_args ? &event.args_text : nullptr);
      if (next) event.args = between(value, next);
      return next;
    }
    const char* next = value_end(value, end, 0);
    if (!next) return nullptr;
    if (column)
      *column = between(value, next);
    else if (keep_args && event.others.size() < kMostOthers && name.find('\\') == name.npos)
      event.others.emplace_back(name, between(value, next));
    return next;
  });
  if (!p || !keep_args) return p;
  if (event.args_text == "{}") event.args_text.clear();
  if (!event.id.empty()) append_extra(event.args_text, "id", event.id);
  for (const auto& [key, value] : event.others) append_extra(event.args_text, key, value);
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
