// Opening, analysing and saving in the background; the document changes only on success.
#pragma once

#include <QObject>
#include <QStringList>

#include "app/window/services.h"
#include "views/common/document.h"
#include "views/common/job.h"

namespace moescope {

/// Something to tell the user without stopping them.
struct UserMessage {
  enum class Level { Info, Warning, Error };
  Level level = Level::Info;
  QString text;     ///< one line
  QString details;  ///< shown on request, may be empty
};

class Loader : public QObject {
  Q_OBJECT

 public:
  Loader(Document& document, WindowServices services, QObject* parent = nullptr);

  /// Is shown all files first and gives back those that are traces.
  using Filter = std::function<QStringList(const QStringList&)>;
  void setFilter(Filter filter) { filter_ = std::move(filter); }

  /// Opens all `files` as one trace; a load that runs is given up. Cancel, failure and files that
  /// are not of one run leave the document as it is.
  void open(const QStringList& files) { start(files, OtherRuns::Refused); }
  /// The same, also of files that are not of one run.
  void openMerged(const QStringList& files) { start(files, OtherRuns::Merged); }
  /// Opens the recording that is being watched from its complete file. The live trace and its
  /// figures stay until those of the file are all there; when another trace is opened meanwhile, or
  /// the file cannot be read, nothing changes.
  void complete(const QString& file);
  /// While complete() changes the document: the trace is the one that was watched, so ranges and
  /// choices stay good.
  bool completing() const { return completing_; }
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
  void tellWhatWasSkipped(const Trace& trace);

  Document& document_;
  WindowServices services_;
  Filter filter_;
  QStringList loading_;
  bool completing_ = false;
  quint64 rules_number_ = 0;  ///< another one after each change of rules
  JobRunner load_job_, analysis_job_, save_job_, complete_job_;
};

/// "3 events skipped: 2 without a time, 1 ..." and the losses, warnings and clock alignment of
/// `trace`; empty text when there is nothing to tell.
UserMessage describe_findings(const Trace& trace);

}  // namespace moescope
