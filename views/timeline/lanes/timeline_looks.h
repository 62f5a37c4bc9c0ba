// Everything that colours the timeline, worked out of one analysis away from the GUI thread.
#pragma once

#include <map>
#include <memory>

#include "core/progress.h"
#include "views/timeline/lanes/ribbon.h"
#include "views/timeline/spans/class_table.h"
#include "views/workspace/documents/trace_document.h"

namespace moescope {

/// Immutable.
struct TimelineLooks {
  ClassTable classes;
  std::map<DeviceKey, Ribbon> ribbons;
  AnalysisPtr analysis;  ///< the ribbons read its intervals
};
using TimelineLooksPtr = std::shared_ptr<const TimelineLooks>;

/// Throws Cancelled.
inline TimelineLooksPtr make_looks(const Trace& trace, const AnalysisPtr& analysis,
                                   Progress& progress) {
  auto looks = std::make_shared<TimelineLooks>();
  looks->analysis = analysis;
  looks->classes = ClassTable(trace, analysis->classes.get());
  for (const auto& activity : analysis->activity) {
    progress.check();
    looks->ribbons.try_emplace(activity.key, activity);
  }
  return looks;
}

}  // namespace moescope
