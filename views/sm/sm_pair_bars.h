// Where the time went by how the SMs were shared: one bar for each (comm SMs, compute SMs) pair.
#pragma once

#include <QWidget>
#include <vector>

#include "core/analysis/sm/sm_allocation.h"
#include "views/plot/summary.h"
#include "views/sm/sm_data.h"

namespace moescope {

/// One pair and the time spent at it.
struct SmPairTime {
  int comm = 0, compute = 0;
  TimeNs time = 0;
  double percent = 0;  ///< of the time of all pairs
};
/// Longest first; of SmAllocation::time_at.
std::vector<SmPairTime> sm_pair_times(const std::map<std::pair<int, int>, TimeNs>& time_at);

/// Bars as long as the SM count, split into communication, compute and free, longest time first; as
/// many as fit.
class SmPairBars : public QWidget, public Summarised {
  Q_OBJECT

 public:
  explicit SmPairBars(QWidget* parent = nullptr);
  /// `names`: what the processors of the device are called.
  void show(const SmAllocation* allocation, const ProcessorNames& names);
  QSize sizeHint() const override { return {300, 160}; }
  QString summary() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool event(QEvent* event) override;

 private:
  int rowHeight() const { return fontMetrics().height() + 10; }

  int sm_count_ = 0;
  ProcessorNames names_;
  std::vector<SmPairTime> pairs_;
};

}  // namespace moescope
