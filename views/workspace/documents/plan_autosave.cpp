#include "views/workspace/documents/plan_autosave.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>
#include <QUuid>

#include "core/files.h"

namespace moescope {
namespace {

constexpr auto kPattern = "plan-*.json";

QString lock_of(const QString& path) {
  return path + ".lock";
}

/// The file that the plan was opened from lies beside the copy.
QString origin_of(const QString& path) {
  return path + ".origin";
}

}  // namespace

QString PlanAutosave::defaultFolder() {
  return QStandardPaths::writableLocation(QStandardPaths::AppLocalDataLocation) + "/unsaved";
}

PlanAutosave::PlanAutosave(PlanDocument& document, const QString& folder, QObject* parent)
    : QObject(parent), document_(document), folder_(folder) {
  takeNewPath();
  delay_.setSingleShot(true);
  delay_.setInterval(kDelayMs);
  connect(&delay_, &QTimer::timeout, this, [this] { write(false); });
  connect(&document_, &PlanDocument::committed, this, &PlanAutosave::schedule);
  connect(&document_, &PlanDocument::constraintsChanged, this, &PlanAutosave::schedule);
  connect(&document_, &PlanDocument::fileChanged, this, &PlanAutosave::schedule);
  awaitWriting();
}

/// Waits for a copy that is being written; it is small.
void PlanAutosave::awaitWriting() {
  job_ = std::make_unique<JobRunner>();
  connect(job_.get(), &JobRunner::failed, this, [this](const QString& why) {
    if (!std::exchange(failure_reported_, true))
      Q_EMIT failed(tr("Unsaved edits cannot be kept: %1").arg(why));
  });
}

PlanAutosave::~PlanAutosave() {
  flush();  // edits that are not saved are offered at the next start
}

void PlanAutosave::takeNewPath() {
  lock_.reset();
  path_ = QDir(folder_).filePath("plan-" + QUuid::createUuid().toString(QUuid::WithoutBraces) +
                                 ".json");
}

bool PlanAutosave::keepAside() {
  if (!document_.modified()) return false;
  write(true);
  takeNewPath();
  return true;
}

void PlanAutosave::schedule() {
  if (document_.modified())
    delay_.start();
  else
    remove();
}

void PlanAutosave::flush() {
  if (delay_.isActive() || document_.modified()) write(true);
}

void PlanAutosave::write(bool wait) {
  delay_.stop();
  if (!document_.modified() || document_.previewing()) return;
  if (!QDir().mkpath(folder_)) {
    if (!std::exchange(failure_reported_, true))
      Q_EMIT failed(tr("Unsaved edits cannot be kept: the folder %1 cannot be made").arg(folder_));
    return;
  }
  if (!lock_) {
    lock_ = std::make_unique<QLockFile>(lock_of(path_));
    lock_->setStaleLockTime(0);  // held as long as the program runs, however long
    lock_->tryLock(0);
  }
  auto work = [plan = document_.plan(), constraints = document_.constraints(),
               file = document_.file().toStdString(), path = path_.toStdString(),
               origin = origin_of(path_).toStdString()](Progress&) {
    write_text_file(origin, file);
    write_text_file(path, plan_json(plan, constraints));
    return true;
  };
  if (!wait) {
    job_->start(tr("Keeping unsaved edits"), std::move(work), [](bool) {});
    return;
  }
  awaitWriting();
  try {
    Progress progress;
    work(progress);
  } catch (const std::exception& error) {
    Q_EMIT failed(QString::fromUtf8(error.what()));
  }
}

void PlanAutosave::remove() {
  delay_.stop();
  if (!lock_) return;  // never written
  awaitWriting();
  QFile::remove(path_);
  QFile::remove(origin_of(path_));
  lock_.reset();
}

std::optional<RecoveredPlan> PlanAutosave::find() {
  const auto files = QDir(folder_).entryInfoList({kPattern}, QDir::Files, QDir::Time);
  for (const QFileInfo& info : files) {
    if (info.filePath() == path_) continue;
    QLockFile lock(lock_of(info.filePath()));
    lock.setStaleLockTime(0);
    if (!lock.tryLock(0)) continue;  // its program runs
    RecoveredPlan found{info.filePath(), {}, info.lastModified(), {}};
    try {
      found.opened = read_plan_file(found.path);
      constexpr std::size_t kMaxPath = 1 << 16;
      if (QFile::exists(origin_of(found.path)))
        found.file =
            QString::fromStdString(read_text_file(origin_of(found.path).toStdString(), kMaxPath));
      return found;
    } catch (const std::exception&) {
      discard(found);  // cut off while it was written
    }
  }
  return std::nullopt;
}

void PlanAutosave::recover(const RecoveredPlan& found) {
  document_.recover(found.opened.plan, found.opened.constraints, found.file);
  flush();
  discard(found);
}

void PlanAutosave::discard(const RecoveredPlan& found) {
  QFile::remove(found.path);
  QFile::remove(origin_of(found.path));
}

}  // namespace moescope
