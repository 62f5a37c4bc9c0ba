// Buttons in as many rows as they need, so that none is cut in a narrow place.
#pragma once

#include <QList>
#include <QToolButton>
#include <QWidget>

namespace moescope {

class ButtonRows : public QWidget {
  Q_OBJECT

 public:
  explicit ButtonRows(QWidget* parent = nullptr);

  /// `left` begin at the left, `right` end at the right of the last row, or in one of their own.
  /// Hidden ones take no room. A text that is wider than all there is gets elided: its button needs
  /// a tooltip.
  void setButtons(const QList<QToolButton*>& left, const QList<QToolButton*>& right);
  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override;
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void resizeEvent(QResizeEvent* event) override;
  bool event(QEvent* event) override;

 private:
  using Row = QList<QToolButton*>;
  QList<Row> rowsFor(int width) const;
  bool shareLastRow(const QList<Row>& rows, int width) const;
  void arrange();

  Row left_, right_;
};

}  // namespace moescope
