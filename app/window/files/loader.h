// Opening, analysing and saving in the background; the document changes only on success.
#pragma once

#include <QObject>
#include <QStringList>
#include <filesystem>
#include <functional>
#include <vector>

#include "app/window/session/user_message.h"
#include "core/import/same_run.h"
#include "core/progress.h"
#include "core/trace/file/moetrace.h"
#include "core/trace/trace.h"
#include "views/common/job.h"
#include "views/workspace/documents/trace_document.h"

namespace moescope {

/// The functions of core for opening, analysing and saving. All are called on a background thread
/// and may throw Error or Cancelled.
struct FileServices {
  std::function<TracePtr(const std::vector<std::filesystem::path>&, OtherRuns, Progress&)> open;
  std::function<AnalysisPtr(const Trace&, const RuleSet&, Progress&)> analyze;
  std::function<void(const Trace&, const std::filesystem::path&, const MoetraceExtras&, Progress&)>
      save;
};
/// The real ones: open_trace, analyze_document, write_moetrace.
FileServices core_file_services();

class Loader : public QObject {
  Q_OBJECT

 public:
  Loader(TraceDocument& document, FileServices services, QObject* parent = nullptr);

  /// Receives all files first, and passes those that are traces to `go_on`, now or later.
  using Sorter = std::function<void(const QStringList& all,
                                    std::function<void(const QStringList& traces)> go_on)>;
  void setSorter(Sorter sorter) { sorter_ = std::move(sorter); }

  /// Opens all `files` as one trace; a load that runs is given up. Cancel, failure and files that
  /// are not of one run leave the document as it is.
  void open(const QStringList& files);
  /// The same, also of files that are not of one run.
  void openMerged(const QStringList& files) { start(files, OtherRuns::Merged); }
  /// Opens the recording that is being watched from its complete file. The live trace and its
  /// figures stay until those of the file are all there; when another trace is opened meanwhile, or
  /// the file cannot be read, nothing changes.
  void complete(const QString& file);
  void save(const QString& file);
  /// Forgets the trace.
  void close();
  void cancel();
  bool busy() const;

 Q_SIGNALS:
  void busyChanged(bool busy, const QString& title);
  void progressed(double fraction, const QString& what);
  void message(const moescope::UserMessage& message);
  void opened(const QStringList& files);
  void failed(const QStringList& files);
  /// Instead of opened() and failed(): `files` are of `runs`, not of one, because of `reason`.
  void severalRuns(const QStringList& files, const QList<QStringList>& runs, const QString& reason);
  void saved(const QString& file);
  void closed();

 private:
  void start(const QStringList& files, OtherRuns other);
  void show(const TracePtr& trace, const QStringList& files);
  void analyze();
  void reportFindings(const Trace& trace);

  TraceDocument& document_;
  FileServices services_;
  Sorter sorter_;
  QStringList loading_;
  quint64 rules_number_ = 0;  ///< another one after each change of rules
  JobRunner load_job_, analysis_job_, save_job_, complete_job_;
};

/// "3 events skipped: 2 without a time, 1 ..." and the losses, warnings and clock alignment of
/// `trace`; empty text when there are none.
UserMessage describe_findings(const Trace& trace);

}  // namespace moescope
