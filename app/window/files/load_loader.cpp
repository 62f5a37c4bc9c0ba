#include "app/window/files/load_loader.h"

#include <QFileInfo>
#include <utility>
#include <variant>

#include "app/window/files/paths.h"
#include "core/loads/load_set.h"
#include "core/loads/open/join_loads.h"
#include "core/loads/read/array_loads.h"

namespace moescope {
namespace {

/// A question is no failure: the user answers it.
using Opened = std::variant<LoadContent, AmbiguousArray>;

}  // namespace

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

void LoadLoader::take(const QStringList& dumps, const QStringList& recordings) {
  recordings_ = dumps.isEmpty() ? recordings : QStringList();
  if (!dumps.isEmpty()) start(dumps, false);
}

void LoadLoader::complete(const QString& recording) {
  job_.start(
      tr("Opening loads of %1").arg(QFileInfo(recording).fileName()),
      [path = std::filesystem::path(recording.toStdString())](Progress& progress) {
        std::vector<LoadsPtr> sets;
        if (!has_recorded_loads(path)) return sets;
        for (LoadSet& set : read_load_sets(path, progress))
          sets.push_back(std::make_shared<const LoadSet>(std::move(set)));
        return sets;
      },
      [this, recording, watched = document_.sets()](std::vector<LoadsPtr> sets) {
        // Other loads opened in the meantime are shown instead.
        if (sets.empty() || watched != document_.sets()) return;
        document_.completeSets(std::move(sets), {recording});
      });
}

void LoadLoader::open(const QStringList& dumps, const LoadReading& reading) {
  start(dumps, false, reading);
}

void LoadLoader::openRecorded() {
  if (!recordings_.isEmpty()) start(std::exchange(recordings_, {}), true);
}

void LoadLoader::start(const QStringList& files, bool recordings, const LoadReading& reading) {
  const QString first = QFileInfo(files.front()).fileName();
  job_.start(
      files.size() == 1 ? tr("Opening loads of %1").arg(first)
                        : tr("Opening loads of %1 and %2 more").arg(first).arg(files.size() - 1),
      [paths = to_paths(files), recordings, reading](Progress& progress) -> Opened {
        auto with_loads = paths;
        // Opening a recording replaces the loads, even when it has none.
        if (recordings)
          std::erase_if(with_loads, [](const auto& path) { return !has_recorded_loads(path); });
        if (with_loads.empty()) return LoadContent();
        try {
          return open_all_loads(with_loads, progress, reading);
        } catch (const AmbiguousArray& array) {
          return array;
        }
      },
      [this, files, recordings](Opened found) {
        if (const auto* array = std::get_if<AmbiguousArray>(&found))
          Q_EMIT ambiguous(files, QString::fromStdString(array->source() + " " + array->problem()));
        else
          show(files, recordings, std::get<LoadContent>(std::move(found)));
      });
}

void LoadLoader::show(const QStringList& files, bool recordings, LoadContent content) {
  const UserMessage found = describe_notes(content.notes());
  const bool none = content.sets.empty();
  document_.setContent(std::move(content), none ? QStringList() : files);
  showRunningPlan();
  if (!recordings) Q_EMIT opened(files, none);
  if (!found.text.isEmpty()) Q_EMIT message(found);
}

/// Offers the plan that ran while the loads were recorded as a starting point, unless another plan
/// is open.
void LoadLoader::showRunningPlan() {
  const PlanPtr now = document_.plan();
  if (now && !(ran_ && *now == *ran_)) return;
  ran_ = nullptr;
  if (document_.loads()) {
    const PlacementOfLoads view = placement_of_loads(*document_.loads(), nullptr);
    if (view.origin == PlacementOfLoads::Origin::Running && !view.assumed_gpus)
      ran_ = std::make_shared<const Plan>(view.plan);
  }
  if (now || ran_) document_.setPlan(ran_);
}

void LoadLoader::close() {
  job_.abandon();
  document_.setBalanceLog(nullptr);
  document_.setWaitLog(nullptr);
  document_.setSets({}, {});
  showRunningPlan();
}

}  // namespace moescope
