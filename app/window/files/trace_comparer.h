// Opens the trace that the open one is compared with, in the background.
#pragma once

#include <QObject>
#include <QStringList>

#include "app/window/files/loader.h"
#include "views/workspace/workspace.h"

namespace moescope {

class TraceComparer : public QObject {
  Q_OBJECT

 public:
  TraceComparer(Workspace& workspace, FileServices services, QWidget* window);

  /// Holds the open trace, or the one that is being opened, against `files`.
  void compareWith(const QStringList& files);
  /// Files of the trace that the open one took the place of; empty: none.
  QStringList previous() const { return previous_; }
  JobRunner& job() { return job_; }

 Q_SIGNALS:
  void message(const moescope::UserMessage& message);
  void comparing();  ///< the comparison is to be seen

 private:
  void choose();
  void keepPrevious();

  Workspace& workspace_;
  FileServices services_;
  QWidget* window_;
  QStringList previous_;
  JobRunner job_;
};

}  // namespace moescope
