// What the window asks of core; tests hand in their own to steer time and failure.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "app/window/live_session.h"
#include "core/import/same_run.h"
#include "core/progress.h"
#include "core/trace/moetrace.h"
#include "core/trace/trace.h"
#include "views/common/document.h"

namespace moescope {

/// All are called on a background thread and may throw Error or Cancelled.
struct WindowServices {
  std::function<TracePtr(const std::vector<std::filesystem::path>&, OtherRuns, Progress&)> open;
  std::function<AnalysisPtr(const Trace&, const RuleSet&, Progress&)> analyze;
  std::function<void(const Trace&, const std::filesystem::path&, const MoetraceExtras&, Progress&)>
      save;
  LiveServices live = live_services();
};

/// The real ones: open_trace, analyze_document, write_moetrace.
WindowServices core_services();

}  // namespace moescope
