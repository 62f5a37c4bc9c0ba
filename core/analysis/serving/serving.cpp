#include "core/analysis/serving/serving.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

namespace moescope {
namespace {

/// Arguments of these records are short; anything longer is something else.
constexpr std::size_t kMaxArgs = 1024;

/// Whole numbers of a JSON object.
class Numbers {
 public:
  explicit Numbers(std::string_view args) {
    if (args.size() <= kMaxArgs) object_ = nlohmann::json::parse(args, nullptr, false);
  }
  std::optional<std::int64_t> get(const char* key) const {
    if (!object_.is_object()) return std::nullopt;
    const auto it = object_.find(key);
    if (it == object_.end() || !it->is_number_integer()) return std::nullopt;
    if (it->is_number_unsigned() && it->get<std::uint64_t>() > kMost) return std::nullopt;
    return it->get<std::int64_t>();
  }
  /// Reads a count; false when it is missing or no int.
  bool count(const char* key, int& value) const {
    const auto number = get(key);
    if (!number || *number < 0 || *number > std::numeric_limits<int>::max()) return false;
    value = static_cast<int>(*number);
    return true;
  }

 private:
  static constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  nlohmann::json object_;
};

}  // namespace

std::optional<ServedRequest> read_request(const Span& span, std::string_view args) {
  const Numbers numbers(args);
  const auto id = numbers.get("request"), arrival = numbers.get("arrival_ns"),
             ttft = numbers.get("ttft_ns");
  ServedRequest r;
  if (!id || !arrival || !ttft || *id < 0 || *ttft < 0 || !numbers.count("topic", r.topic) ||
      !numbers.count("prompt", r.prompt) || !numbers.count("output", r.output))
    return std::nullopt;
  r.id = static_cast<std::uint64_t>(*id);
  r.arrival = *arrival;
  r.ttft = *ttft;
  r.tpot = numbers.get("tpot_ns");
  r.done = span.start;
  return r;
}

std::optional<ServedStep> read_step(const Span& span, std::string_view name,
                                    std::string_view args) {
  if (name != kPrefillStepSpan && name != kDecodeStepSpan) return std::nullopt;
  const Numbers numbers(args);
  ServedStep s;
  int step = 0;
  if (!numbers.count("step", step) || !numbers.count("requests", s.requests) ||
      !numbers.count("tokens", s.tokens))
    return std::nullopt;
  s.decode = name == kDecodeStepSpan;
  s.step = static_cast<std::uint32_t>(step);
  s.begin = span.start;
  s.end = span.end();
  return s;
}

Serving read_serving(const Trace& trace) {
  Serving serving;
  for (TrackId track = 0; track < trace.tracks().size(); ++track) {
    if (trace.tracks()[track].type == TrackType::DeviceStream) continue;
    trace.visit_chunks(track, [&](const SpanChunk& chunk, std::uint32_t) {
      std::vector<std::string> args;
      for (std::size_t row = 0; row < chunk.size(); ++row) {
        const Span span = chunk.columns().at(row);
        const std::string_view name = trace.strings()[span.name];
        const bool request = name == kRequestSpan;
        if (!request && name != kPrefillStepSpan && name != kDecodeStepSpan) continue;
        if (args.empty()) args = chunk.args().rows();
        if (row >= args.size()) return true;
        if (request) {
          if (const auto r = read_request(span, args[row])) serving.requests.push_back(*r);
        } else if (const auto s = read_step(span, name, args[row])) {
          serving.steps.push_back(*s);
        }
      }
      return true;
    });
  }
  std::stable_sort(serving.requests.begin(), serving.requests.end(),
                   [](const auto& a, const auto& b) { return a.done < b.done; });
  std::stable_sort(serving.steps.begin(), serving.steps.end(),
                   [](const auto& a, const auto& b) { return a.begin < b.begin; });
  return serving;
}

}  // namespace moescope
