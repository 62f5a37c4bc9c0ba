#include "app/window/output/report_maker.h"

#include <QDateTime>
#include <algorithm>

#include "views/balance/balance_file_chart.h"
#include "views/headline/headline_text.h"
#include "views/load/load_file_chart.h"
#include "views/overlap/overlap_file_chart.h"
#include "views/report/report.h"
#include "views/sm/sm_file_chart.h"
#include "views/timeline/timeline_chart.h"
#include "views/workspace/workspace.h"

namespace moescope {
namespace {

/// The worst are seen where not all have room.
std::vector<DeviceOverlap> worst_first(std::vector<DeviceOverlap> devices) {
  std::stable_sort(devices.begin(), devices.end(),
                   [](const DeviceOverlap& a, const DeviceOverlap& b) {
                     return a.figures.exposed > b.figures.exposed;
                   });
  return devices;
}

/// Charts of the whole trace; those of the window show a part of it.
struct TraceCharts {
  explicit TraceCharts(const TraceDocument& document)
      : scene(copy.trace(), copy.selection()),
        timeline(scene),
        overlap(document.trace(),
                {document.trace().get(), worst_first(document.analysis()->overlap), {}, false}),
        sm(document.trace(), document.analysis(), document.trace()->range(), progress) {
    copy.trace().setTrace(document.trace(), document.files());
    copy.trace().setAnalysis(document.analysis());
  }
  Progress progress;
  Workspace copy;
  TimelineScene scene;
  TimelineChart timeline;
  OverlapFileChart overlap;
  SmFileChart sm;
};

/// Charts of all windows of one load set, or of the logs alone.
struct LoadCharts {
  LoadCharts(const LoadDocument& document, const LoadsPtr& set) {
    whole.setBalanceLog(document.balanceLog());
    whole.setWaitLog(document.waitLog());
    whole.setPlan(document.plan());
    if (set) {
      whole.setLoads(set, document.files());
      whole.setAssumed(document.assumed());
    }
    load.emplace(whole, LoadPictureKind::LayerExpert, HeatScale::Relative);
    Progress progress;
    balance.emplace(whole, -1, progress);
  }
  LoadDocument whole;
  std::optional<LoadFileChart> load;
  std::optional<BalanceFileChart> balance;
};

}  // namespace

void write_report_of(const TraceDocument& document, const LoadDocument& loads,
                     SelectionStatistics statistics, const QString& path,
                     const ReportComparison& comparison) {
  ReportInput input;
  input.comparison = comparison;
  input.files = document.files();
  if (comparison.comparison && input.files.isEmpty() && loads.files().isEmpty())
    input.files = QStringList{comparison.b, comparison.a};
  for (const QString& file : loads.files())
    if (!input.files.contains(file)) input.files << file;
  std::optional<TraceCharts> trace;
  if (document.trace()) {
    trace.emplace(document);
    input.trace = document.trace();
    input.analysis = document.analysis();
    input.statistics = std::move(statistics);
    for (auto& [name, text] : trace_tiles(
             trace_answer(*document.trace(), *document.analysis(),
                          {std::nullopt, {}, QObject::tr("Whole trace")},
                          whole_trace(*document.trace(), *document.analysis(), no_progress()),
                          no_progress()),
             *document.trace()))
      input.headline.push_back(std::move(text));
    input.charts = {&trace->timeline, &trace->overlap, &trace->sm};
  }
  std::vector<std::unique_ptr<LoadCharts>> of_loads;
  for (const LoadsPtr& set : loads.sets()) {
    of_loads.push_back(std::make_unique<LoadCharts>(loads, set));
    input.charts.push_back(&*of_loads.back()->load);
    input.charts.push_back(&*of_loads.back()->balance);
    input.tables.push_back(of_loads.back()->balance->reportTable());
  }
  if (of_loads.empty() && !loads.empty()) {
    of_loads.push_back(std::make_unique<LoadCharts>(loads, nullptr));
    input.charts.push_back(&*of_loads.back()->balance);
  }
  input.date = QDateTime::currentDateTime().toString(Qt::ISODate);
  write_report(input, path);
}

}  // namespace moescope
