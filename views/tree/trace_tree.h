// The left tree: files, ranks, devices, streams and threads; choosing a rank filters every view.
#pragma once

#include <QStandardItemModel>
#include <QTimer>
#include <QTreeView>
#include <utility>
#include <vector>

#include "views/workspace/documents/trace_document.h"
#include "views/workspace/selection.h"

namespace moescope {

class TraceTree : public QTreeView {
  Q_OBJECT

 public:
  TraceTree(TraceDocument& document, Selection& selection, QWidget* parent = nullptr);

 private:
  void rebuild();
  void grow();  ///< counts of a trace that is recorded
  /// Name and number of spans; the number follows a growing trace.
  QList<QStandardItem*> countedRow(const QString& text, std::vector<TrackId> tracks,
                                   const QString& tip);
  void addProcess(QStandardItem* parent, const Trace& trace, ProcessId process);
  void followFilter();

  TraceDocument& document_;
  Selection& selection_;
  QStandardItemModel model_;
  std::vector<std::pair<QStandardItem*, std::vector<TrackId>>> counts_;
  std::vector<TrackId> shown_;  ///< tracks that have spans, as of the last rebuild()
  QTimer grown_;
};

}  // namespace moescope
