// The answers of what is open, above everything else; each leads to its evidence.
#pragma once

#include <QFrame>
#include <QTimer>
#include <map>
#include <memory>
#include <optional>

#include "views/common/job.h"
#include "views/headline/headline_text.h"
#include "views/workspace/workspace.h"

namespace moescope {

class HeadlineStrip : public QFrame {
  Q_OBJECT

 public:
  explicit HeadlineStrip(Workspace& workspace, QWidget* parent = nullptr);
  /// Null when no tile of this name is there: "exposed", "hidden", "worst", "sm", "step",
  /// "latency", "tokens", "lost", "imbalance", "hottest".
  HeadlineTile* tile(const QString& name) const;
  /// Not that of all tiles: those that matter least give way where there is no room.
  QSize minimumSizeHint() const override { return {200, QFrame::minimumSizeHint().height()}; }
  bool busy() const { return job_.running() || load_job_.running() || delay_.isActive(); }

 Q_SIGNALS:
  void viewWanted(const QString& id);  ///< the view that has the evidence

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void showEvent(QShowEvent* event) override;

 private:
  void fitTiles();
  void addTile(const QString& name, const char* view);
  void later();
  void forget();
  void refresh();
  AnswerScope scope() const;
  std::optional<WholeTrace> knownWhole() const;
  void refreshLoads();
  void showAnswer(TraceAnswer answer, const TracePtr& trace);
  void showLoads(const std::optional<LoadHeadline>& loads);
  void showIfAny();
  void goToEvidence(const QString& name);

  Workspace& workspace_;
  QWidget* scope_;  ///< where it is chosen what the answers are of
  std::map<QString, HeadlineTile*> tiles_;
  std::optional<TraceAnswer> answer_;
  std::weak_ptr<const AnalysisResults> whole_of_;  ///< of which answer_->whole is
  std::optional<LoadHeadline> loads_;
  QTimer delay_;
  JobRunner job_, load_job_;
};

}  // namespace moescope
