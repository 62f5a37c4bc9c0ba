#include "app/window/files/notes_keeper.h"

#include <QCryptographicHash>
#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>

#include "app/window/files/paths.h"
#include "core/error.h"
#include "core/trace/file/notes_file.h"

namespace moescope {
namespace {

constexpr int kWriteDelayMs = 800;

struct Stored {
  std::vector<Note> notes;
  bool own = false;  ///< read from the user's own folder although the trace has a notes file
};

bool newer(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code error;
  const auto time_a = std::filesystem::last_write_time(a, error);
  if (error) return false;
  const auto time_b = std::filesystem::last_write_time(b, error);
  return error || time_a > time_b;
}

Stored read_stored(const std::filesystem::path& beside, const std::filesystem::path& own,
                   const Trace& trace) {
  std::error_code ignored;
  const bool has_beside = std::filesystem::exists(beside, ignored);
  const bool has_own = std::filesystem::exists(own, ignored);
  if (has_own && newer(own, beside)) return {read_notes(own, trace), has_beside};
  if (has_beside) return {read_notes(beside, trace), false};
  return {trace.notes(), false};
}

}  // namespace

NotesKeeper::NotesKeeper(TraceDocument& document, QObject* parent)
    : QObject(parent), document_(document) {
  delay_.setSingleShot(true);
  delay_.setInterval(kWriteDelayMs);
  connect(&delay_, &QTimer::timeout, this, &NotesKeeper::flush);
  connect(&document_.notes(), &NotesModel::dirtyChanged, this, [this](bool dirty) {
    if (dirty) delay_.start();
  });
  connect(&document_, &TraceDocument::traceAboutToChange, this, &NotesKeeper::flush);
  connect(&document_, &TraceDocument::traceChanged, this, &NotesKeeper::traceChanged);
  connect(&document_, &TraceDocument::traceGrown, this, [this] { trace_ = document_.trace(); });
  connect(&job_, &JobRunner::failed, this, [this](const QString& text) {
    blocked_ = true;
    Q_EMIT message(
        {UserMessage::Level::Warning,
         tr("The notes of this trace could not be read; new notes are not stored. %1").arg(text),
         {}});
  });
}

std::filesystem::path NotesKeeper::ownPath() const {
  const QString folder =
      QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) + "/notes";
  const QByteArray key = QCryptographicHash::hash(
      QFileInfo(QString::fromStdString(path_.string())).absoluteFilePath().toUtf8(),
      QCryptographicHash::Sha1);
  return (folder + '/' + QString::fromLatin1(key.toHex())).toStdString() +
         std::string(kNotesSuffix);
}

void NotesKeeper::traceChanged() {
  blocked_ = false;
  job_.abandon();
  trace_ = document_.trace();
  path_ = notes_path(to_paths(document_.files()));
  if (!trace_ || path_.empty()) return;
  job_.start(
      tr("Reading notes"),
      [beside = path_, own = ownPath(), trace = trace_](Progress&) {
        return read_stored(beside, own, *trace);
      },
      [this, number = document_.traceNumber()](const Stored& stored) {
        if (number != document_.traceNumber()) return;
        document_.notes().load(stored.notes);
        if (stored.own)
          Q_EMIT message(
              {UserMessage::Level::Info,
               tr("Notes were recovered from your own folder, because they are newer than those "
                  "beside the trace."),
               QString::fromStdString(ownPath().string())});
      });
}

void NotesKeeper::flush() {
  NotesModel& notes = document_.notes();
  delay_.stop();
  // Before the stored notes arrived, writing would lose them.
  if (!notes.dirty() || !trace_ || blocked_) return;
  if (job_.running()) {
    delay_.start();
    return;
  }
  const quint64 revision = notes.revision();
  try {
    write_notes(path_, *trace_, notes.notes());
    std::error_code ignored;
    std::filesystem::remove(ownPath(), ignored);
    notes.setStored(revision);
    return;
  } catch (const Error&) {
    // Then the user's own folder.
  }
  try {
    const auto own = ownPath();
    QDir().mkpath(QString::fromStdString(own.parent_path().string()));
    write_notes(own, *trace_, notes.notes());
    notes.setStored(revision);
    Q_EMIT message({UserMessage::Level::Info,
                    tr("The folder of the trace cannot be written; notes are kept in %1.")
                        .arg(QString::fromStdString(own.string())),
                    {}});
  } catch (const Error& error) {
    Q_EMIT message({UserMessage::Level::Error, QString::fromUtf8(error.what()), {}});
  }
}

void NotesKeeper::forgetBeside(const QString& file) {
  std::error_code ignored;
  const auto path = notes_path({file.toStdString()});
  if (path != path_) std::filesystem::remove(path, ignored);
}

}  // namespace moescope
