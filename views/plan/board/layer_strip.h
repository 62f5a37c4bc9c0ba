// One column a layer: imbalance now, before and the bound; the way to walk through the layers.
#pragma once

#include <QWidget>
#include <vector>

#include "views/common/theme.h"
#include "views/workspace/documents/plan_document.h"

namespace moescope {

class LayerStrip : public QWidget {
  Q_OBJECT

 public:
  explicit LayerStrip(PlanDocument& document, QWidget* parent = nullptr);
  int layer() const { return layer_; }
  void setLayer(int layer);
  /// Imbalances that a running solve has reached, by layer; empty: none. NaN where not yet solved.
  void setCandidate(std::vector<double> imbalance);
  const std::vector<double>& candidate() const { return candidate_; }
  QString layerText(int layer) const;
  QRectF column(int layer) const;
  QSize sizeHint() const override { return {400, 74}; }
  QSize minimumSizeHint() const override { return {120, 48}; }

  /// The same picture for exports.
  static void paint(QPainter& painter, const QRectF& area, const PlanDocument& document, int layer,
                    const std::vector<double>& candidate, const Theme& theme);

 Q_SIGNALS:
  void layerChosen(int layer);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  bool event(QEvent* event) override;

 private:
  int layerAt(QPointF point) const;

  PlanDocument& document_;
  int layer_ = 0;
  std::vector<double> candidate_;
};

}  // namespace moescope
