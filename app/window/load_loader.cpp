#include "app/window/load_loader.h"

#include <QFileInfo>

#include "core/loads/sniff.h"

namespace moescope {

UserMessage describe_notes(const std::vector<std::string>& notes) {
  UserMessage message;
  if (notes.empty()) return message;
  message.level = UserMessage::Level::Warning;
  QStringList lines;
  for (const std::string& note : notes) lines << QString::fromStdString(note);
  message.text = lines.size() == 1
                     ? lines.front()
                     : QObject::tr("%1 (and %2 more)").arg(lines.front()).arg(lines.size() - 1);
  message.details = lines.join(QLatin1Char('\n'));
  return message;
}

LoadLoader::LoadLoader(LoadDocument& document, QObject* parent)
    : QObject(parent), document_(document) {
  connect(&job_, &JobRunner::failed, this, [this](const QString& text) {
    Q_EMIT message({UserMessage::Level::Error, text, {}});
  });
  connect(&job_, &JobRunner::cancelled, this, [this] {
    Q_EMIT message({UserMessage::Level::Info, tr("Opening expert loads was cancelled."), {}});
  });
}

QStringList LoadLoader::take(const QStringList& files) {
  QStringList traces, dumps, recordings;
  for (const QString& file : files) {
    switch (sniff_load_input(file.toStdString())) {
      case LoadInput::Recording:
        recordings << file;
        [[fallthrough]];
      case LoadInput::None:
        traces << file;
        break;
      default:
        dumps << file;
    }
  }
  if (!dumps.isEmpty()) {
    start(dumps.front(), false);
    if (dumps.size() > 1)
      Q_EMIT message(
          {UserMessage::Level::Info,
           tr("Opened %1 of %2 load dumps; open a folder to join the files of all ranks.")
               .arg(QFileInfo(dumps.front()).fileName())
               .arg(dumps.size()),
           dumps.join(QLatin1Char('\n'))});
  } else if (!recordings.isEmpty()) {
    start(recordings.front(), true);
  }
  return traces;
}

void LoadLoader::start(const QString& file, bool recording) {
  job_.start(
      tr("Opening loads of %1").arg(QFileInfo(file).fileName()),
      [path = std::filesystem::path(file.toStdString()), recording](Progress& progress) {
        // A recording takes its loads along, also when it has none.
        return recording && !has_recorded_loads(path) ? LoadContent() : open_loads(path, progress);
      },
      [this, file, recording](LoadContent content) { show(file, recording, std::move(content)); });
}

void LoadLoader::show(const QString& file, bool recording, LoadContent content) {
  const UserMessage found = describe_notes(content.notes());
  const bool none = content.sets.empty();
  document_.setContent(std::move(content), none ? QStringList() : QStringList{file});
  if (!recording) Q_EMIT opened({file}, none);
  if (!found.text.isEmpty()) Q_EMIT message(found);
}

void LoadLoader::close() {
  job_.cancel();
  document_.setBalanceLog(nullptr);
  document_.setWaitLog(nullptr);
  document_.setSets({}, {});
}

}  // namespace moescope
