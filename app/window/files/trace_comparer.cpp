#include "app/window/files/trace_comparer.h"

#include <QFileDialog>

#include "app/window/files/paths.h"
#include "views/common/action.h"

namespace moescope {

TraceComparer::TraceComparer(Workspace& workspace, FileServices services, QWidget* window)
    : QObject(window), workspace_(workspace), services_(std::move(services)), window_(window) {
  QAction* action =
      make_action(this, "file.compare", tr("&Compare with…"),
                  tr("Hold another trace against the open one"), {}, [this] { choose(); });
  TraceDocument& document = workspace_.trace();
  const auto refresh = [action, &document] { action->setEnabled(document.trace() != nullptr); };
  connect(&document, &TraceDocument::traceChanged, this, refresh);
  connect(&document, &TraceDocument::traceAboutToChange, this, &TraceComparer::keepPrevious);
  connect(&workspace_.compare(), &CompareDocument::traceWanted, this, &TraceComparer::choose);
  connect(&workspace_.compare(), &CompareDocument::shown, this, &TraceComparer::comparing);
  connect(&job_, &JobRunner::failed, this, [this](const QString& error) {
    Q_EMIT message({UserMessage::Level::Error, error, {}});
  });
  refresh();
}

void TraceComparer::choose() {
  const QStringList files =
      QFileDialog::getOpenFileNames(window_, tr("Compare the open trace with"));
  if (!files.isEmpty()) compareWith(files);
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
