#include "app/window/output/report_maker.h"

#include <QDateTime>

#include "views/balance/balance_view.h"
#include "views/load/load_view.h"
#include "views/overlap/overlap_view.h"
#include "views/report/report.h"
#include "views/sm/sm_view.h"
#include "views/timeline/timeline_view.h"
#include "views/workspace/workspace.h"

namespace moescope {
namespace {

/// Charts of the trace. Views of their own: those of the window show a part, and must not move.
struct TraceCharts {
  explicit TraceCharts(const TraceDocument& document)
      : overlap(copy.trace(), copy.selection()),
        sm(copy.trace(), copy.selection()),
        timeline(copy.trace(), copy.selection()) {
    copy.trace().setTrace(document.trace(), document.files());
    copy.trace().setAnalysis(document.analysis());
    sm.showAllDevices();
  }
  Workspace copy;
  OverlapView overlap;
  SmView sm;
  TimelineView timeline;
};

/// Charts of one load set, or of the logs alone.
struct LoadCharts {
  LoadCharts(const LoadDocument& document, const LoadsPtr& set) {
    LoadDocument& loads = copy.loads();
    loads.setBalanceLog(document.balanceLog());
    loads.setWaitLog(document.waitLog());
    loads.setPlan(document.plan());
    if (!set) return;
    loads.setLoads(set, document.files());
    loads.setAssumed(document.assumed());
  }
  Workspace copy;
  LoadView load{copy.loads(), copy.selection()};
  BalanceView balance{copy.loads(), copy.selection()};
};

}  // namespace

void write_report_of(const TraceDocument& document, const LoadDocument& loads,
                     SelectionStatistics statistics, const QString& path) {
  ReportInput input;
  input.files = document.files();
  for (const QString& file : loads.files())
    if (!input.files.contains(file)) input.files << file;
  std::optional<TraceCharts> trace;
  if (document.trace()) {
    trace.emplace(document);
    input.trace = document.trace();
    input.analysis = document.analysis();
    input.statistics = std::move(statistics);
    input.charts = {&trace->timeline, &trace->overlap, &trace->sm};
  }
  std::vector<std::unique_ptr<LoadCharts>> of_loads;
  for (const LoadsPtr& set : loads.sets()) {
    of_loads.push_back(std::make_unique<LoadCharts>(loads, set));
    input.charts.push_back(&of_loads.back()->load);
    input.charts.push_back(&of_loads.back()->balance);
    input.tables.push_back(of_loads.back()->balance.reportTable());
  }
  if (of_loads.empty() && !loads.empty()) {
    of_loads.push_back(std::make_unique<LoadCharts>(loads, nullptr));
    input.charts.push_back(&of_loads.back()->balance);
  }
  input.date = QDateTime::currentDateTime().toString(Qt::ISODate);
  write_report(input, path);
}

}  // namespace moescope
