#include "app/window/services.h"

#include "core/import/open.h"
#include "core/trace/moetrace.h"

namespace moescope {

WindowServices core_services() {
  return {
      .open =
          [](const std::vector<std::filesystem::path>& paths, OtherRuns other, Progress& progress) {
            return open_trace(paths, ImportOptions{}, progress, other);
          },
      .analyze = [](const Trace& trace, const RuleSet& rules,
                    Progress& progress) { return analyze_document(trace, rules, progress); },
      .save = [](const Trace& trace, const std::filesystem::path& path,
                 const MoetraceExtras& extras,
                 Progress& progress) { write_moetrace(trace, path, progress, extras); },
  };
}

}  // namespace moescope
