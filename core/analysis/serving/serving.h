// Requests and steps of a serving engine, as the embedded runtime records them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/trace/trace.h"

namespace moescope {

/// A request that is done. Times from the start of the trace.
struct ServedRequest {
  std::uint64_t id = 0;
  int topic = 0, prompt = 0, output = 0;  ///< tokens of prompt and output
  TimeNs arrival = 0, done = 0;
  TimeNs ttft = 0;             ///< time to first token
  std::optional<TimeNs> tpot;  ///< time per output token; none with a single one
};

/// One forward pass of a unit.
struct ServedStep {
  bool decode = false;
  std::uint32_t step = 0;
  TimeNs begin = 0, end = 0;
  int requests = 0, tokens = 0;
};

/// Names of the spans that carry them.
inline constexpr std::string_view kRequestSpan = "request done";
inline constexpr std::string_view kPrefillStepSpan = "prefill step";
inline constexpr std::string_view kDecodeStepSpan = "decode step";

/// Reads one from its span and arguments; nullopt when these are not such a record.
std::optional<ServedRequest> read_request(const Span& span, std::string_view args);
std::optional<ServedStep> read_step(const Span& span, std::string_view name, std::string_view args);

struct Serving {
  std::vector<ServedRequest> requests;  ///< in order of `done`
  std::vector<ServedStep> steps;        ///< in order of `begin`
};
/// All requests and steps of a trace; empty when no engine recorded it. Reads host tracks only.
Serving read_serving(const Trace& trace);

}  // namespace moescope
