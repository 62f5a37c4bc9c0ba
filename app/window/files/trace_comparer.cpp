#include "app/window/files/trace_comparer.h"

#include <QFileDialog>
#include <QFileInfo>

#include "app/window/files/paths.h"
#include "core/error.h"
#include "core/loads/open/join_loads.h"
#include "views/common/action.h"

namespace moescope {

TraceComparer::TraceComparer(Workspace& workspace, FileServices services, QWidget* window)
    : QObject(window), workspace_(workspace), services_(std::move(services)), window_(window) {
  QAction* action = make_action(this, "file.compare", tr("&Compare with…"),
                                tr("Hold another trace, load dump or plan against the open one"),
                                {}, [this] { choose(); });
  TraceDocument& document = workspace_.trace();
  const auto refresh = [this, action] {
    action->setEnabled(workspace_.trace().trace() || workspace_.loads().loads() ||
                       !workspace_.plan().empty());
  };
  connect(&document, &TraceDocument::traceChanged, this, refresh);
  connect(&workspace_.loads(), &LoadDocument::loadsChanged, this, refresh);
  connect(&workspace_.plan(), &PlanDocument::replaced, this, refresh);
  connect(&document, &TraceDocument::traceAboutToChange, this, &TraceComparer::keepPrevious);
  connect(&workspace_.compare(), &CompareDocument::fileWanted, this, &TraceComparer::choose);
  connect(&workspace_.compare(), &CompareDocument::shown, this, &TraceComparer::comparing);
  for (JobRunner* job : {&sort_job_, &job_})
    connect(job, &JobRunner::failed, this, [this](const QString& error) {
      Q_EMIT message({UserMessage::Level::Error, error, {}});
    });
  refresh();
}

void TraceComparer::choose() {
  const QStringList files = QFileDialog::getOpenFileNames(window_, tr("Compare what is open with"));
  if (!files.isEmpty()) compareAny(files);
}

void TraceComparer::compareAny(const QStringList& files) {
  sort_job_.start(
      tr("Looking at %1").arg(QFileInfo(files.front()).fileName()),
      [paths = to_paths(files)](Progress& progress) { return sort_files(paths, progress); },
      [this, files](const SortedFiles& sorted) { compareSorted(files, sorted); });
}

void TraceComparer::compareSorted(const QStringList& files, const SortedFiles& sorted) {
  const auto missing = [this, &files](const QString& what) {
    Q_EMIT message({UserMessage::Level::Warning,
                    tr("%1 can be compared with %2 only. Open that first.")
                        .arg(QFileInfo(files.front()).fileName(), what),
                    {}});
  };
  const bool trace = workspace_.trace().trace() != nullptr;
  if (!sorted.plans.empty()) {
    if (workspace_.plan().empty()) return missing(tr("another plan"));
    comparePlan(to_names(sorted.plans).front());
  } else if (!sorted.loads.empty() || (!sorted.recordings.empty() && !trace)) {
    if (!workspace_.loads().loads()) return missing(tr("other expert loads"));
    compareLoads(to_names(sorted.loads.empty() ? sorted.recordings : sorted.loads));
  } else {
    if (!trace) return missing(tr("another trace"));
    compareWith(files);
  }
}

/// Several dumps become one series, as when they are opened.
void TraceComparer::compareLoads(const QStringList& files) {
  job_.start(
      tr("Opening %1 to compare").arg(files.join(QLatin1String(", "))),
      [paths = to_paths(files)](Progress& progress) {
        std::vector<LoadsPtr> sets;
        for (LoadSet& set : open_all_loads(paths, progress).sets)
          sets.push_back(std::make_shared<const LoadSet>(std::move(set)));
        if (sets.empty())
          throw Error(paths.front().string(), "", "it holds a log, no loads of experts",
                      "Choose a load dump");
        return sets;
      },
      [this, files](std::vector<LoadsPtr> sets) {
        workspace_.compare().setLoads(std::move(sets), files);
        Q_EMIT comparing();
      });
}

void TraceComparer::comparePlan(const QString& file) {
  job_.start(
      tr("Opening %1 to compare").arg(file),
      [file](Progress&) { return std::make_shared<const Plan>(read_plan_file(file).plan); },
      [this, file](PlanPtr plan) {
        workspace_.compare().setPlan(std::move(plan), file);
        Q_EMIT comparing();
      });
}

/// A recording that is complete now is the trace that was watched, not another one.
void TraceComparer::keepPrevious() {
  const TraceDocument& document = workspace_.trace();
  if (document.completing() || document.growing()) return;
  previous_ = document.trace() ? document.files() : QStringList();
}

void TraceComparer::compareWith(const QStringList& files) {
  job_.start(
      tr("Opening %1 to compare").arg(files.join(QLatin1String(", "))),
      [open = services_.open, paths = to_paths(files)](Progress& progress) {
        return open(paths, OtherRuns::Refused, progress);
      },
      [this, files](TracePtr trace) {
        workspace_.compare().setBefore(std::move(trace), files);
        Q_EMIT comparing();
      });
}

}  // namespace moescope
