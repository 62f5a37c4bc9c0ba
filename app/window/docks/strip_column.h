// Strips of text above the docks, as high as their text needs at the width they have.
#pragma once

#include <QLayout>
#include <QResizeEvent>
#include <QTimer>
#include <QWidget>
#include <algorithm>

namespace moescope {

/// A tool bar asks for a size once, without a width; wrapped text then guesses a narrow one and
/// takes several lines. This class computes the height for the present width. Needs a layout. A
/// tool bar without any strip shown takes no room; it follows also after a restored state of the
/// window.
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
  bool event(QEvent* event) override {
    const bool other = event->type() == QEvent::LayoutRequest || event->type() == QEvent::Show ||
                       event->type() == QEvent::Hide;
    if (other) QTimer::singleShot(0, this, [this] { showToolBar(); });
    return QWidget::event(event);
  }

 private:
  void showToolBar() {
    const auto strips = findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly);
    parentWidget()->setVisible(std::any_of(
        strips.begin(), strips.end(), [](const QWidget* strip) { return !strip->isHidden(); }));
  }
  QSize at_this_width(QSize size) const {
    if (layout()->hasHeightForWidth()) size.setHeight(layout()->totalHeightForWidth(width()));
    return size;
  }
};

}  // namespace moescope
