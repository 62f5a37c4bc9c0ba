#include "app/window/output/report_maker.h"

#include <QDateTime>

#include "views/balance/balance_view.h"
#include "views/load/load_view.h"
#include "views/overlap/overlap_view.h"
#include "views/report/report.h"
#include "views/sm/sm_view.h"
#include "views/timeline/timeline_view.h"
#include "views/workspace/view_context.h"

namespace moescope {
namespace {

/// Charts of the trace. Views of their own: those of the window show a part, and must not move.
struct TraceCharts {
  explicit TraceCharts(const Document& document)
      : shown(document), overlap(copy, context), sm(copy, context), timeline(copy, context) {
    context.reset(shown.trace()->range());
    copy.setTrace(shown.trace(), shown.files());
    copy.setAnalysis(shown.analysis());
    sm.showAllDevices();
  }
  const Document& shown;
  Document copy;
  ViewContext context;
  OverlapView overlap;
  SmView sm;
  TimelineView timeline;
};

/// Charts of one load set, or of the logs alone.
struct LoadCharts {
  LoadCharts(const LoadDocument& document, const LoadsPtr& set) {
    copy.setBalanceLog(document.balanceLog());
    copy.setWaitLog(document.waitLog());
    copy.setPlan(document.plan());
    if (!set) return;
    copy.setLoads(set, document.files());
    copy.setAssumed(document.assumed());
  }
  LoadDocument copy;
  LoadView load{copy};
  BalanceView balance{copy};
};

}  // namespace

void write_report_of(const Document& document, const LoadDocument& loads,
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
