// Opening expert loads and logs in the background; the document changes only on success.
#pragma once

#include <QObject>
#include <QStringList>

#include "app/window/files/loader.h"
#include "core/loads/load_reading.h"
#include "views/workspace/documents/load_document.h"

namespace moescope {

class LoadLoader : public QObject {
  Q_OBJECT

 public:
  explicit LoadLoader(LoadDocument& document, QObject* parent = nullptr);

  /// Opens load dumps or logs; those of the same kind become one series, see open_all_loads().
  /// Recordings are traces with loads: where there is nothing else, they wait for openRecorded().
  void take(const QStringList& dumps, const QStringList& recordings);
  /// Opens dumps again, reading arrays as the user specified.
  void open(const QStringList& dumps, const LoadReading& reading);
  /// Opens the loads of the recordings that were taken last, once they are open as one trace.
  void openRecorded();
  /// The loads of a recording that was watched until now, from its complete file: the live ones
  /// stay until then, and what was chosen in them stays chosen.
  void complete(const QString& recording);
  /// Forgets loads and logs.
  void close();
  bool busy() const { return job_.running(); }
  JobRunner& job() { return job_; }

 Q_SIGNALS:
  void message(const moescope::UserMessage& message);
  /// Nothing of `files` was opened: an array in them may be counts or routes. Call open() with the
  /// user's choice.
  void ambiguous(const QStringList& files, const QString& reason);
  /// After load dumps or a log were opened.
  void opened(const QStringList& files, bool log);

 private:
  void start(const QStringList& files, bool recordings, const LoadReading& reading = {});
  void show(const QStringList& files, bool recordings, LoadContent content);
  void showRunningPlan();

  LoadDocument& document_;
  QStringList recordings_;  ///< whose loads wait
  PlanPtr ran_;             ///< as shown last
  JobRunner job_;
};

/// The notes on loads or logs as a message; empty text when there are none.
UserMessage describe_notes(const std::vector<std::string>& notes);

}  // namespace moescope
