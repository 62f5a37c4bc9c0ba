// Traces of the embedded runtime whose links were paced: times of communication are those of
// made-up links then, and viewers are told.
#pragma once

#include <string>

#include "core/trace/types.h"

namespace moescope {

/// TraceInfo::extra tells under this key how fast the links were.
inline constexpr const char* kPacedLinksFact = "paced links";

/// "paced links: RATES" for everything that shows figures of the trace, of several files opened as
/// one the distinct ones; empty when no link was paced.
std::string paced_links_text(const TraceInfo& info);
/// A short mark behind titles of pictures: " (paced links)", or nothing.
std::string paced_links_mark(const TraceInfo& info);

}  // namespace moescope
