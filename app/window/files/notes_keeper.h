// Keeps the notes of the open trace on disk: read when it opens, written soon after every edit.
#pragma once

#include <QObject>
#include <QTimer>
#include <filesystem>

#include "app/window/files/loader.h"
#include "views/common/job.h"
#include "views/workspace/documents/trace_document.h"

namespace moescope {

/// Notes lie beside the trace; where that folder cannot be written, in the user's own data folder.
/// When both exist the newer one counts.
class NotesKeeper : public QObject {
  Q_OBJECT

 public:
  explicit NotesKeeper(TraceDocument& document, QObject* parent = nullptr);
  ~NotesKeeper() override { flush(); }

  /// Writes pending edits; called before the trace changes and on closing.
  void flush();
  /// A copy of the trace was just saved with its notes: older notes beside that file are gone.
  void forgetBeside(const QString& file);

 Q_SIGNALS:
  void message(const moescope::UserMessage& message);

 private:
  void traceChanged();
  std::filesystem::path ownPath() const;

  TraceDocument& document_;
  std::filesystem::path path_;
  TracePtr trace_;
  QTimer delay_;
  JobRunner job_;
  bool blocked_ = false;  ///< stored notes could not be read: never replace them
};

}  // namespace moescope
