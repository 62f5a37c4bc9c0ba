// In which order the timeline shows ranks, and whether those that are alike share a row.
#pragma once

#include <QObject>

#include "core/analysis/overlap/rank_order.h"
#include "views/common/job.h"
#include "views/timeline/lanes/timeline_scene.h"

namespace moescope {

/// Arranges the ranks of a scene. Rows move only when the user chooses, or when the first analysis
/// of another trace is there.
class RankRows : public QObject {
  Q_OBJECT

 public:
  explicit RankRows(TimelineScene& scene, QObject* parent = nullptr);

  RankOrder order() const { return order_; }
  /// By the figures of what figures are of now (Selection::scope); choosing it again does it anew.
  void setOrder(RankOrder order);
  bool grouped() const { return grouped_; }
  void setGrouped(bool grouped);
  bool busy() const { return job_.running(); }

  /// Ranks are alike whose figures differ by at most this share of the time looked at.
  static constexpr double kAlikePercent = 1;

 Q_SIGNALS:
  void failed(const QString& message);

 private:
  void arrange();
  void arrangeNewTrace();

  TimelineScene& scene_;
  RankOrder order_ = RankOrder::Number;
  bool grouped_ = false;
  quint64 arranged_ = 0;  ///< number of the trace that is
  JobRunner job_;
};

}  // namespace moescope
