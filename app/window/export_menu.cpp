#include "app/window/export_menu.h"

#include <QFileDialog>
#include <QFileInfo>

#include "views/common/chart.h"
#include "views/common/theme.h"

namespace moescope {
namespace {
constexpr double kPngScale = 2;
}

ExportMenu::ExportMenu(DockLayout& layout, QWidget* parent) : QMenu(tr("&Export chart"), parent) {
  connect(&csv_job_, &JobRunner::failed, this, [this](const QString& text) {
    Q_EMIT message({UserMessage::Level::Error, text, {}});
  });
  for (QDockWidget* dock : layout.docks()) {
    if (dynamic_cast<Chart*>(dock->widget()) == nullptr) continue;
    QAction* action = addAction(tr("Export %1…").arg(dock->windowTitle()));
    action->setToolTip(tr("Write this chart as PNG, SVG, PDF or its data as CSV"));
    connect(action, &QAction::triggered, this, [this, dock] { exportDock(dock); });
  }
}

void ExportMenu::exportDock(QDockWidget* dock) {
  auto* chart = dynamic_cast<Chart*>(dock->widget());
  QString file = QFileDialog::getSaveFileName(this, tr("Export %1").arg(dock->windowTitle()),
                                              chart->chartName() + ".png",
                                              tr("Pictures and data (*.png *.svg *.pdf *.csv)"));
  if (file.isEmpty()) return;
  if (QFileInfo(file).suffix().isEmpty()) file += ".png";
  if (QFileInfo(file).suffix().compare("csv", Qt::CaseInsensitive) == 0)
    return exportCsv(file, chart->csvTask());
  try {
    const QSize size = dock->widget()->size().expandedTo(QSize(800, 400));
    export_chart(*chart, file, size, Theme::of(palette()), kPngScale);
    Q_EMIT message({UserMessage::Level::Info, tr("Exported %1.").arg(file), {}});
  } catch (const std::exception& error) {
    Q_EMIT message({UserMessage::Level::Error, QString::fromUtf8(error.what()), {}});
  }
}

void ExportMenu::exportCsv(const QString& file, std::function<QString()> task) {
  csv_job_.start(
      tr("Exporting %1").arg(QFileInfo(file).fileName()),
      [file, task = std::move(task)](Progress&) {
        write_file_whole(file, task().toUtf8());
        return true;
      },
      [this, file](bool) {
        Q_EMIT message({UserMessage::Level::Info, tr("Exported %1.").arg(file), {}});
      });
}

}  // namespace moescope
