// Work that was not saved survives a crash: it is kept beside, and offered when the program starts.
#pragma once

#include <QDateTime>
#include <QLockFile>
#include <QObject>
#include <QTimer>
#include <memory>
#include <optional>

#include "views/common/job.h"
#include "views/workspace/documents/plan_document.h"

namespace moescope {

/// Edits that an ended program left behind.
struct RecoveredPlan {
  QString path;    ///< of the kept copy
  QString file;    ///< that the plan was opened from; empty when it had none
  QDateTime when;  ///< of the last change
  OpenedPlan opened;
};

/// Keeps the modified plan in a folder of its own, one file a running program. A lock beside it
/// distinguishes a running program from one that ended without saving.
class PlanAutosave : public QObject {
  Q_OBJECT

 public:
  /// @param folder made when missing; the default is in the user's data
  explicit PlanAutosave(PlanDocument& document, const QString& folder = defaultFolder(),
                        QObject* parent = nullptr);
  ~PlanAutosave() override;

  static QString defaultFolder();
  /// The newest one that no running program owns; damaged ones are dropped.
  std::optional<RecoveredPlan> find();
  /// Opens it as modified work.
  void recover(const RecoveredPlan& found);
  void discard(const RecoveredPlan& found);
  /// Writes now what the timer would write later.
  void flush();
  /// Leaves the unsaved edits for find(), because another plan takes their place. False when there
  /// are none.
  bool keepAside();
  /// Delay between an edit and its copy.
  static constexpr int kDelayMs = 1500;

 Q_SIGNALS:
  void failed(const QString& why);

 private:
  void schedule();
  void takeNewPath();
  void awaitWriting();
  void write(bool wait);
  void remove();

  PlanDocument& document_;
  QString folder_, path_;
  std::unique_ptr<QLockFile> lock_;
  QTimer delay_;
  std::unique_ptr<JobRunner> job_;
  bool failure_reported_ = false;
};

}  // namespace moescope
