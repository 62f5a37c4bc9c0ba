// moescope attach http://HOST:PORT: an engine without the plugin, by its own metrics.
#pragma once

#include <optional>
#include <string>

namespace moescope {

/// Prints what the engine's metrics say and what the plugin would add; changes nothing there.
/// @param seconds apart from which two looks are taken, for rates; nullopt: one look
/// Throws Error when nobody answers with metrics.
void attach_metrics(const std::string& address, std::optional<double> seconds, bool json);

}  // namespace moescope
