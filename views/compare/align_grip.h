// The bar between the lanes of two traces: what lies above what, and a handle that shifts one
// against the other.
#pragma once

#include <QWidget>

namespace moescope {

class AlignGrip : public QWidget {
  Q_OBJECT

 public:
  explicit AlignGrip(QWidget* parent = nullptr);
  /// Names of the trace above and the one below.
  void setNames(const QString& above, const QString& below);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {80, sizeHint().height()}; }

 Q_SIGNALS:
  void dragged(double pixels);  ///< since the last time; to the right is positive

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  QString above_, below_;
  double last_x_ = 0;
};

}  // namespace moescope
