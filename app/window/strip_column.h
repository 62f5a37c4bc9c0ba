// Strips of text above the docks, as high as their text needs at the width they have.
#pragma once

#include <QLayout>
#include <QResizeEvent>
#include <QWidget>

namespace moescope {

/// A tool bar asks for a size once, without a width; wrapped text then guesses a narrow one and
/// takes several lines. This tells the height for the present width. Needs a layout.
class StripColumn : public QWidget {
 public:
  using QWidget::QWidget;
  QSize sizeHint() const override { return at_this_width(QWidget::sizeHint()); }
  QSize minimumSizeHint() const override { return at_this_width(QWidget::minimumSizeHint()); }

 protected:
  void resizeEvent(QResizeEvent* event) override {
    if (event->size().width() != event->oldSize().width()) updateGeometry();
    QWidget::resizeEvent(event);
  }

 private:
  QSize at_this_width(QSize size) const {
    if (layout()->hasHeightForWidth()) size.setHeight(layout()->totalHeightForWidth(width()));
    return size;
  }
};

}  // namespace moescope
