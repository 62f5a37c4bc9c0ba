#include "app/window/output/output_actions.h"

#include <QApplication>
#include <QFileDialog>
#include <QFileInfo>

#include "app/window/output/report_maker.h"
#include "core/export/chrome_json.h"
#include "views/common/action.h"

namespace moescope {

OutputActions::OutputActions(TraceDocument& document, LoadDocument& loads, DockLayout& layout,
                             Session& session, QWidget* window)
    : QObject(window),
      document_(document),
      loads_(loads),
      layout_(layout),
      session_(session),
      window_(window),
      export_(make_action(this, "file.export", tr("&Export chart…"),
                          tr("Write a view as PNG, SVG or PDF, or its data as CSV"),
                          {QKeySequence("Ctrl+E")})),
      copy_(make_action(this, "file.copy_picture", tr("Copy &picture of the view"),
                        tr("Put the picture of the current view on the clipboard"),
                        {QKeySequence("Ctrl+Shift+C")})),
      chrome_(make_action(this, "file.export_chrome", tr("Export C&hrome JSON…"),
                          tr("Write the trace for Perfetto, chrome://tracing and other tools"),
                          {})),
      report_(make_action(
          this, "file.report", tr("&Report…"),
          tr("Write overlap, SMs, kernels, expert loads and pictures as one HTML or PDF file"),
          {QKeySequence("Ctrl+R")})) {
  connect(export_, &QAction::triggered, this, &OutputActions::showExport);
  connect(copy_, &QAction::triggered, this, &OutputActions::copyPicture);
  connect(chrome_, &QAction::triggered, this, &OutputActions::chooseChrome);
  connect(report_, &QAction::triggered, this, &OutputActions::chooseReport);
  connect(&document_, &TraceDocument::traceChanged, this, &OutputActions::refresh);
  connect(&document_, &TraceDocument::analysisChanged, this, &OutputActions::refresh);
  connect(&loads_, &LoadDocument::loadsChanged, this, &OutputActions::refresh);
  connect(&loads_, &LoadDocument::logsChanged, this, &OutputActions::refresh);
  connect(&job_, &JobRunner::failed, this, [this](const QString& text) {
    Q_EMIT message({UserMessage::Level::Error, text, {}});
  });
  connect(&job_, &JobRunner::cancelled, this, [this] {
    Q_EMIT message({UserMessage::Level::Info, tr("Writing was cancelled; no file was made."), {}});
  });
  refresh();
}

void OutputActions::refresh() {
  const bool trace = document_.trace() != nullptr;
  for (QAction* action : {export_, copy_}) action->setEnabled(trace || !loads_.empty());
  chrome_->setEnabled(trace);
  report_->setEnabled(trace ? document_.analysis() != nullptr : !loads_.empty());
}

QString OutputActions::currentView() const {
  for (QDockWidget* dock : layout_.docks()) {
    const bool chart = dynamic_cast<Chart*>(panel_of(*dock)) != nullptr;
    if (chart && dock->isAncestorOf(QApplication::focusWidget())) return DockLayout::idOf(*dock);
  }
  return document_.trace() ? QStringLiteral("timeline") : QStringLiteral("load");
}

void OutputActions::showExport() {
  auto* dialog = new ExportDialog(layout_, session_, window_);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  connect(dialog, &ExportDialog::message, this, &OutputActions::message);
  dialog->chooseView(currentView());
  dialog->show();
}

void OutputActions::copyPicture() {
  ExportDialog dialog(layout_, session_, window_);
  connect(&dialog, &ExportDialog::message, this, &OutputActions::message);
  dialog.chooseView(currentView());
  dialog.copyPicture();
}

void OutputActions::chooseReport() {
  const QString file = QFileDialog::getSaveFileName(window_, tr("Write report"), "report.html",
                                                    tr("Report (*.html *.pdf);;All files (*)"));
  if (!file.isEmpty()) writeReport(file);
}

void OutputActions::writeReport(QString file) {
  if (!report_->isEnabled()) return;
  if (QFileInfo(file).suffix().isEmpty()) file += ".html";
  if (!document_.trace()) return finishReport({}, file);
  job_.start(
      tr("Writing report"),
      [trace = document_.trace(), analysis = document_.analysis()](Progress& progress) {
        return std::pair(analysis, statistics_of(*trace, *analysis->classes, trace->range(), {},
                                                 false, progress));
      },
      [this, file](auto found) {
        if (found.first == document_.analysis()) finishReport(std::move(found.second), file);
      });
}

void OutputActions::finishReport(SelectionStatistics statistics, const QString& file) {
  try {
    write_report_of(document_, loads_, std::move(statistics), file);
    Q_EMIT message({UserMessage::Level::Info, tr("Wrote %1.").arg(file), {}});
  } catch (const std::exception& error) {
    Q_EMIT message({UserMessage::Level::Error, QString::fromUtf8(error.what()), {}});
  }
}

void OutputActions::chooseChrome() {
  const QString file = QFileDialog::getSaveFileName(window_, tr("Export Chrome JSON"), "trace.json",
                                                    tr("Chrome JSON (*.json);;All files (*)"));
  if (!file.isEmpty()) writeChrome(file);
}

void OutputActions::writeChrome(QString file) {
  if (!document_.trace()) return;
  if (QFileInfo(file).suffix().isEmpty()) file += ".json";
  job_.start(
      tr("Writing Chrome JSON"),
      [trace = document_.trace(), path = file.toStdString()](Progress& progress) {
        write_chrome_json(*trace, path, progress);
        return lost_in_chrome_json(*trace);
      },
      [this, file](const std::vector<std::string>& lost) {
        QStringList details;
        for (const std::string& loss : lost) details << QString::fromStdString(loss);
        Q_EMIT message({details.isEmpty() ? UserMessage::Level::Info : UserMessage::Level::Warning,
                        details.isEmpty()
                            ? tr("Wrote %1.").arg(file)
                            : tr("Wrote %1; Chrome JSON cannot hold everything.").arg(file),
                        details.join(QLatin1Char('\n'))});
      });
}

}  // namespace moescope
