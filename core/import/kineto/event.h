// One trace event as tokens of its text, before they are interpreted.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/trace/types.h"

namespace moescope::kineto {

/// Arguments that become columns; tokens, empty when absent.
struct ArgTokens {
  std::string_view correlation, stream, device, grid, block, cluster, registers, shared_memory;
};

/// Fields of an event; tokens, empty when absent.
struct FieldTokens {
  std::string_view phase, category, name, pid, tid, time, duration, id;
  std::string_view args;  ///< the object as written
};

/// The text of one event. Tokens are JSON texts (strings with their quotes).
struct EventTokens : FieldTokens {
  ArgTokens arg;
  /// With arguments that are kept: fields that have no column, and all of it as valid JSON.
  std::vector<std::pair<std::string_view, std::string_view>> others;
  std::string args_text;
};

/// Reads the event object at `p` into `event`; returns one past it, or nullptr when the text is
/// not a complete, well-formed event. With `keep_args`, args_text holds the arguments and the
/// fields of the event that have no column (id, bp, s, tts ...).
const char* scan_event(const char* p, const char* end, EventTokens& event, bool keep_args);

/// Launch configuration in `arg`, empty where not recorded.
LaunchConfig launch_config(const ArgTokens& arg);

/// Kind for a category (upper and lower case alike).
SpanKind kind_of_category(std::string_view category);

}  // namespace moescope::kineto
