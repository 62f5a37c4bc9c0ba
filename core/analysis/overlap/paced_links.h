// Traces of the embedded runtime whose links were paced. Communication times are then those of
// simulated links, and everything that shows them says so.
#pragma once

#include <string>

#include "core/trace/types.h"

namespace moescope {

/// Key of TraceInfo::extra for the rates of the links.
inline constexpr const char* kPacedLinksFact = "paced links";

/// "paced links: RATES" for everything that shows figures of the trace; the distinct rates when
/// several files were merged; empty when no link was paced.
std::string paced_links_text(const TraceInfo& info);
/// A suffix for chart titles: " (paced links)", or nothing.
std::string paced_links_mark(const TraceInfo& info);

}  // namespace moescope
