// The SMs of one device at the cursor, each in the colour of what runs on it.
#pragma once

#include <QWidget>
#include <optional>
#include <vector>

#include "views/plot/summary.h"
#include "views/sm/sm_data.h"

namespace moescope {

/// A cell for every SM, coloured by the class of most of its blocks; else the reason why there is
/// no grid.
class SmGrid : public QWidget, public Summarised {
  Q_OBJECT

 public:
  explicit SmGrid(QWidget* parent = nullptr);
  /// Shows the SMs of `device` at `time`; null: nothing to show. `device` must live as long as it
  /// is shown.
  void show(const Trace* trace, const SmDevice* device, std::optional<TimeNs> time);
  /// What each SM does, empty when SM ids are not recorded.
  const std::vector<SmCell>& cells() const { return cells_; }
  QString message() const { return message_; }
  /// Text of a cell: "SM 17: 2 blocks of combine (name)", "worker 3: free".
  QString cellText(int sm) const;
  QSize sizeHint() const override { return {260, 140}; }
  QString summary() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool event(QEvent* event) override;

 private:
  struct Geometry {
    int columns = 1;
    qreal cell = 1, top = 4;
  };
  Geometry geometry(qreal legend) const;
  int cellAt(QPointF point) const;

  const Trace* trace_ = nullptr;
  ProcessorNames names_{tr("SM"), tr("SMs")};
  std::vector<SmCell> cells_;
  QString message_;
  qreal legend_height_ = 0;  ///< of the last picture
};

}  // namespace moescope
