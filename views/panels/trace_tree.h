// The left tree: files, ranks, devices, streams and threads; choosing a rank filters every view.
#pragma once

#include <QStandardItemModel>
#include <QTreeView>

#include "views/common/document.h"
#include "views/common/view_context.h"

namespace moescope {

class TraceTree : public QTreeView {
  Q_OBJECT

 public:
  TraceTree(Document& document, ViewContext& context, QWidget* parent = nullptr);

 private:
  void rebuild();
  void addProcess(QStandardItem* parent, const Trace& trace, ProcessId process);
  void followFilter();

  Document& document_;
  ViewContext& context_;
  QStandardItemModel model_;
};

}  // namespace moescope
