// Exports: pictures, data, reports and traces for other programs.
#pragma once

#include <QAction>
#include <QMenu>
#include <QObject>

#include "app/window/output/export_dialog.h"
#include "core/analysis/spans/statistics.h"
#include "views/common/job.h"
#include "views/workspace/documents/load_document.h"

namespace moescope {

class OutputActions : public QObject {
  Q_OBJECT

 public:
  OutputActions(TraceDocument& document, LoadDocument& loads, DockLayout& layout, Session& session,
                QWidget* window);

  /// Makes the statistics in the background, then writes the report: .html (also when the name has
  /// no suffix) or .pdf.
  void writeReport(QString file);
  /// Writes the trace for Perfetto and chrome://tracing in the background.
  void writeChrome(QString file);
  bool busy() const { return job_.running(); }
  JobRunner& job() { return job_; }

 public Q_SLOTS:
  void showExport();
  void copyPicture();
  void chooseReport();
  void chooseChrome();

 Q_SIGNALS:
  void message(const moescope::UserMessage& message);

 private:
  /// Id of the dock the user works in; when it is none with a chart, "timeline", or "load" when
  /// there is no trace.
  QString currentView() const;

  void refresh();
  void finishReport(SelectionStatistics statistics, const QString& file);

  TraceDocument& document_;
  LoadDocument& loads_;
  DockLayout& layout_;
  Session& session_;
  QWidget* window_;
  JobRunner job_;
  QAction *export_, *copy_, *chrome_, *report_;
};

}  // namespace moescope
