#include "app/window/report_maker.h"

#include <QDateTime>

#include "views/common/view_context.h"
#include "views/overlap/overlap_view.h"
#include "views/report/report.h"
#include "views/sm/sm_view.h"
#include "views/timeline/timeline_view.h"

namespace moescope {

void write_trace_report(const Document& document, SelectionStatistics statistics,
                        const QString& path) {
  // Views of their own: those of the window show a part, and must not move.
  Document copy;
  ViewContext context;
  context.reset(document.trace()->range());
  copy.setTrace(document.trace(), document.files());
  copy.setAnalysis(document.analysis());
  OverlapView overlap(copy, context);
  SmView sm(copy, context);
  sm.showAllDevices();
  TimelineView timeline(copy, context);
  ReportInput input;
  input.trace = document.trace();
  input.analysis = document.analysis();
  input.files = document.files();
  input.statistics = std::move(statistics);
  input.charts = {&timeline, &overlap, &sm};
  input.date = QDateTime::currentDateTime().toString(Qt::ISODate);
  write_report(input, path);
}

}  // namespace moescope
