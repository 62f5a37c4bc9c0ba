// One figure of the headline: what it is, its value, and what to know beside it. A button: it leads
// to the evidence.
#pragma once

#include <QAbstractButton>
#include <vector>

namespace moescope {

/// What a tile shows. Empty values are not shown at all.
struct TileText {
  QString caption;     ///< "Exposed communication"
  QString value;       ///< "4.19 ms"
  QString note;        ///< "3.7 % of communication"
  QString definition;  ///< for the tooltip, with the scope
  bool bad = false;    ///< the value is what the user hunts
  /// The figure over time, from 0 up, drawn beside the value; NaN where there is none.
  std::vector<double> trend = {};
  friend bool operator==(const TileText& a, const TileText& b);
};

class HeadlineTile : public QAbstractButton {
  Q_OBJECT

 public:
  explicit HeadlineTile(QWidget* parent = nullptr);
  /// Also the accessible name and description.
  void setTile(TileText text);
  const TileText& tile() const { return text_; }

  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool event(QEvent* event) override;

 private:
  QFont valueFont() const;
  QFont smallFont() const;
  void paintTrend(QPainter& painter, const QRectF& area, const QColor& color) const;

  TileText text_;
};

}  // namespace moescope
