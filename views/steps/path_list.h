// The critical path of a step: time by cause, and its largest pieces in order of time.
#pragma once

#include <QTreeWidget>

#include "core/analysis/critical_path/critical_path.h"

namespace moescope {

class PathList : public QTreeWidget {
  Q_OBJECT

 public:
  explicit PathList(QWidget* parent = nullptr);
  void showPath(const CriticalPath& path, const Trace& trace);
  /// Nothing but a sentence why.
  void explain(const QString& text);

 Q_SIGNALS:
  void segmentChosen(moescope::PathSegment segment);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void setSwatches();

  std::vector<PathSegment> segments_;
};

}  // namespace moescope
