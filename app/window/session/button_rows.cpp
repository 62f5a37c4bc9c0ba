#include "app/window/session/button_rows.h"

#include <QEvent>
#include <algorithm>

namespace moescope {
namespace {

constexpr int kGap = 6;  // px
constexpr auto kWholeText = "wholeText";

int width_of(const QList<QToolButton*>& row) {
  int width = 0;
  for (const QToolButton* button : row) width += button->sizeHint().width() + kGap;
  return std::max(width - kGap, 0);
}

QList<QToolButton*> shown(const QList<QToolButton*>& buttons) {
  QList<QToolButton*> row;
  for (QToolButton* button : buttons)
    if (!button->isHidden()) row << button;
  return row;
}

/// Sets as much of the text as `width` has room for.
void fit_text(QToolButton& button, int width) {
  const QString whole = button.property(kWholeText).toString();
  const QFontMetrics metrics = button.fontMetrics();
  const int around = button.sizeHint().width() - metrics.horizontalAdvance(button.text());
  const QString text =
      around + metrics.horizontalAdvance(whole) <= width
          ? whole
          : metrics.elidedText(whole, Qt::ElideMiddle, std::max(width - around, 0));
  if (text != button.text()) button.setText(text);
}

}  // namespace

ButtonRows::ButtonRows(QWidget* parent) : QWidget(parent) {
  QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
}

void ButtonRows::setButtons(const QList<QToolButton*>& left, const QList<QToolButton*>& right) {
  left_ = left;
  right_ = right;
  for (QToolButton* button : left_ + right_) {
    if (button->parentWidget() != this) button->setParent(this);
    if (!button->property(kWholeText).isValid()) button->setProperty(kWholeText, button->text());
  }
  updateGeometry();
  arrange();
}

/// The left ones; the right ones come behind the last of these, or below it.
QList<ButtonRows::Row> ButtonRows::rowsFor(int width) const {
  QList<Row> rows;
  for (QToolButton* button : shown(left_)) {
    if (rows.isEmpty() || width_of(rows.back()) + kGap + button->sizeHint().width() > width)
      rows << Row();
    rows.back() << button;
  }
  return rows;
}

bool ButtonRows::shareLastRow(const QList<Row>& rows, int width) const {
  return !rows.isEmpty() && width_of(rows.back()) + 2 * kGap + width_of(shown(right_)) <= width;
}

int ButtonRows::heightForWidth(int width) const {
  const QList<Row> rows = rowsFor(width);
  const auto count = rows.size() + (shareLastRow(rows, width) ? 0 : 1);
  const int height = right_.isEmpty() ? 0 : right_.back()->sizeHint().height();
  return static_cast<int>(count) * (height + kGap) - kGap;
}

QSize ButtonRows::sizeHint() const {
  const int width = width_of(shown(left_)) + 2 * kGap + width_of(shown(right_));
  return {width, heightForWidth(width)};
}

QSize ButtonRows::minimumSizeHint() const {
  return {width_of(shown(right_)), right_.isEmpty() ? 0 : right_.back()->sizeHint().height()};
}

void ButtonRows::arrange() {
  for (QToolButton* button : left_) fit_text(*button, width());
  QList<Row> rows = rowsFor(width());
  if (!shareLastRow(rows, width())) rows << Row();
  int y = 0;
  for (const Row& row : rows) {
    int x = 0;
    for (QToolButton* button : row) {
      button->setGeometry(QRect(QPoint(x, y), button->sizeHint()));
      x += button->sizeHint().width() + kGap;
    }
    if (&row != &rows.back()) y += right_.isEmpty() ? 0 : right_.back()->sizeHint().height() + kGap;
  }
  int x = width() - width_of(shown(right_));
  for (QToolButton* button : shown(right_)) {
    button->setGeometry(QRect(QPoint(x, y), button->sizeHint()));
    x += button->sizeHint().width() + kGap;
  }
}

void ButtonRows::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  arrange();
}

/// A button came, went, or got another text.
bool ButtonRows::event(QEvent* event) {
  const bool done = QWidget::event(event);
  if (event->type() == QEvent::LayoutRequest || event->type() == QEvent::FontChange) {
    updateGeometry();
    arrange();
  }
  return done;
}

}  // namespace moescope
