// A panel that needs more width than its dock has.
#pragma once

#include <QEvent>
#include <QScrollArea>
#include <QScrollBar>

namespace moescope {

/// Gives its panel the size of the dock, and scrolls below the least size of the panel only. A
/// resizable QScrollArea asks a panel with wrapped text for the height it would like instead.
class WideArea : public QScrollArea {
 public:
  explicit WideArea(QWidget* panel) {
    setFrameShape(QFrame::NoFrame);
    setWidget(panel);
  }

 protected:
  void resizeEvent(QResizeEvent* event) override {
    QScrollArea::resizeEvent(event);
    fit();
  }
  bool eventFilter(QObject* watched, QEvent* event) override {
    if (watched == widget() && event->type() == QEvent::LayoutRequest) fit();
    return QScrollArea::eventFilter(watched, event);
  }

 private:
  void fit() {
    const QSize room = maximumViewportSize(), least = widget()->minimumSizeHint();
    // A scroll bar of one direction takes room from the other.
    const bool wide = least.width() > room.width(), high = least.height() > room.height();
    const QSize taken(high ? verticalScrollBar()->sizeHint().width() : 0,
                      wide ? horizontalScrollBar()->sizeHint().height() : 0);
    widget()->resize((room - taken).expandedTo(least));
  }
};

}  // namespace moescope
