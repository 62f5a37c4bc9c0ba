// One trace event as tokens of its text, before they are interpreted.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/trace/types.h"

namespace moescope::kineto {

/// Arguments that become columns; tokens, empty when absent.
struct ArgTokens {
  std::string_view correlation, stream, device, grid, block, cluster, registers, shared_memory;
};

/// The text of one event. Tokens are JSON texts (strings with their quotes), empty when absent.
struct EventTokens {
  std::string_view phase, category, name, pid, tid, time, duration, id;
  std::string_view args;  ///< the object as written
  ArgTokens arg;
  std::string args_text;  ///< all arguments as valid JSON; only filled when asked for
  void clear();
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
