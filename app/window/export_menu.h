// File > Export chart: every dock that can be exported.
#pragma once

#include <QMenu>

#include "app/window/dock_layout.h"
#include "app/window/loader.h"
#include "views/common/job.h"

namespace moescope {

class ExportMenu : public QMenu {
  Q_OBJECT

 public:
  ExportMenu(DockLayout& layout, QWidget* parent);

 Q_SIGNALS:
  void message(const moescope::UserMessage& message);

 private:
  void exportDock(QDockWidget* dock);
  void exportCsv(const QString& file, std::function<QString()> task);

  JobRunner csv_job_;
};

}  // namespace moescope
