// What analyze and compare say of a trace in JSON.
#pragma once

#include <optional>
#include <vector>

#include "app/commands/json_output.h"
#include "core/analysis/headline/headline.h"

namespace moescope {

/// The allocation of one device, nullptr when there is none.
const SmAllocation* find_sm(const std::vector<SmAllocation>& all, const DeviceKey& key);

/// An entry of "devices"; `window` as the figures were cut to it.
Json device_json(const Trace& trace, const DeviceOverlap& overlap, const SmAllocation* sm,
                 const std::optional<TimeRange>& window);
/// Counts of events of the three roles.
Json events_json(const OverlapFigures& figures);
/// The member "headline".
Json headline_json(const Trace& trace, const Headline& headline);

}  // namespace moescope
