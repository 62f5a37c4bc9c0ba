// Opens what the open trace, loads or plan are compared with, in the background.
#pragma once

#include <QObject>
#include <QStringList>

#include "app/window/files/loader.h"
#include "core/open/file_kind.h"
#include "views/workspace/workspace.h"

namespace moescope {

class TraceComparer : public QObject {
  Q_OBJECT

 public:
  TraceComparer(Workspace& workspace, FileServices services, QWidget* window);

  /// Holds the open trace, or the one that is being opened, against the traces `files`.
  void compareWith(const QStringList& files);
  /// Holds what is open of the same kind against `files`: traces, a load dump or a plan. Of a
  /// recording the loads, when no trace is open.
  void compareAny(const QStringList& files);
  /// Files of the trace that the open one took the place of; empty: none.
  QStringList previous() const { return previous_; }
  JobRunner& job() { return job_; }

 Q_SIGNALS:
  void message(const moescope::UserMessage& message);
  void comparing();  ///< the comparison is to be seen

 private:
  void choose();
  void compareSorted(const QStringList& files, const SortedFiles& sorted);
  void compareLoads(const QStringList& files);
  void comparePlan(const QString& file);
  void keepPrevious();

  Workspace& workspace_;
  FileServices services_;
  QWidget* window_;
  QStringList previous_;
  JobRunner sort_job_, job_;
};

}  // namespace moescope
