#include "tests/gui/window/geometry_checks.h"

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QAbstractScrollArea>
#include <QCheckBox>
#include <QComboBox>
#include <QCoreApplication>
#include <QDockWidget>
#include <QHeaderView>
#include <QHelpEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenuBar>
#include <QStyle>
#include <QTabBar>
#include <QTextDocument>
#include <QToolButton>
#include <QToolTip>
#include <cmath>

#include "app/window/docks/wide_area.h"
#include "views/headline/headline_tile.h"

namespace moescope::test {
namespace {

constexpr auto kNoTip = "(none)";

bool seen(const QWidget& widget) {
  return widget.isVisible() && !widget.visibleRegion().isEmpty();
}

QString plain(const QString& text) {
  if (!Qt::mightBeRichText(text)) return text;
  QTextDocument document;
  document.setHtml(text);
  return document.toPlainText();
}

QString without_mnemonic(QString text) {
  text.replace("&&", "\x01").remove('&').replace('\x01', '&');
  return text;
}

/// What is shown when the pointer rests at `pos`.
QString tip_at(QWidget& widget, QPoint pos) {
  const QPoint global = widget.mapToGlobal(pos);
  QToolTip::showText(global, kNoTip);
  QHelpEvent event(QEvent::ToolTip, pos, global);
  QCoreApplication::sendEvent(&widget, &event);
  return plain(QToolTip::text());
}

class CutTexts {
 public:
  explicit CutTexts(QWidget& window) : window_(window) {}

  QStringList find() {
    for (QWidget* widget : window_.findChildren<QWidget*>()) {
      if (!seen(*widget) || qobject_cast<QMenuBar*>(widget) != nullptr) continue;
      if (auto* label = qobject_cast<QLabel*>(widget)) lookAt(*label);
      if (auto* button = qobject_cast<QAbstractButton*>(widget)) lookAt(*button);
      if (auto* tabs = qobject_cast<QTabBar*>(widget)) lookAt(*tabs);
      if (auto* header = qobject_cast<QHeaderView*>(widget)) lookAt(*header);
      if (auto* box = qobject_cast<QComboBox*>(widget))
        check(*box, box->rect().center(), box->currentText(), width(*box, box->currentText()) + 24,
              box->width());
      if (auto* edit = qobject_cast<QLineEdit*>(widget)) lookAt(*edit);
    }
    return found_;
  }

 private:
  static int width(const QWidget& widget, const QString& text) {
    return static_cast<int>(std::ceil(QFontMetricsF(widget.font()).horizontalAdvance(text)));
  }

  /// `needed` and `room` are of one direction, in pixels.
  void check(QWidget& widget, QPoint at, const QString& text, int needed, int room) {
    if (text.isEmpty() || needed <= room + 1) return;
    const QString tip = tip_at(widget, at);
    if (tip.simplified().contains(plain(text).simplified())) return;
    found_ << QStringLiteral("%1: \"%2\" needs %3 px and has %4; its tooltip is \"%5\"")
                  .arg(place_of(widget), text)
                  .arg(needed)
                  .arg(room)
                  .arg(tip.left(80));
  }

  void lookAt(QLabel& label) {
    if (label.text().isEmpty() || !label.pixmap().isNull()) return;
    const QPoint centre = label.rect().center();
    if (label.wordWrap()) {
      check(label, centre, label.text(), label.heightForWidth(label.width()), label.height());
    } else {
      check(label, centre, label.text(), label.sizeHint().width(), label.width());
      check(label, centre, label.text(), label.sizeHint().height(), label.height());
    }
  }

  void lookAt(QAbstractButton& button) {
    const QString text = without_mnemonic(button.text());
    const auto* tool = qobject_cast<QToolButton*>(&button);
    if (text.isEmpty() || qobject_cast<HeadlineTile*>(&button) != nullptr) return;
    if (tool != nullptr && !tool->icon().isNull() &&
        tool->toolButtonStyle() == Qt::ToolButtonIconOnly)
      return;
    int needed = width(button, text) + 4;
    if (!button.icon().isNull()) needed += button.iconSize().width() + 4;
    if (qobject_cast<QCheckBox*>(&button) != nullptr)
      needed += button.style()->pixelMetric(QStyle::PM_IndicatorWidth, nullptr, &button) + 4;
    check(button, button.rect().center(), text, needed, button.width());
    check(button, button.rect().center(), text, button.fontMetrics().height(), button.height());
  }

  void lookAt(QTabBar& tabs) {
    for (int i = 0; i < tabs.count(); ++i) {
      const QRect rect = tabs.tabRect(i);
      if (!tabs.isTabVisible(i) || !tabs.rect().contains(rect.center())) continue;  // scrolled away
      const QString text = without_mnemonic(tabs.tabText(i));
      check(tabs, rect.center(), text, width(tabs, text) + 6, rect.width());
    }
  }

  void lookAt(QHeaderView& header) {
    if (header.orientation() != Qt::Horizontal || header.model() == nullptr) return;
    const int margin = header.style()->pixelMetric(QStyle::PM_HeaderMargin, nullptr, &header);
    for (int section = 0; section < header.count(); ++section) {
      const int left = header.sectionViewportPosition(section), size = header.sectionSize(section);
      if (header.isSectionHidden(section) || left < 0 || left + size > header.viewport()->width())
        continue;
      const QString text =
          header.model()->headerData(section, Qt::Horizontal, Qt::DisplayRole).toString();
      check(*header.viewport(), {left + size / 2, header.height() / 2}, text,
            header.fontMetrics().horizontalAdvance(text) + 2 * margin, size);
    }
  }

  void lookAt(QLineEdit& edit) {
    const bool hint = edit.text().isEmpty();
    const QString text = hint ? edit.placeholderText() : QString();  // what is typed scrolls
    check(edit, edit.rect().center(), text, width(edit, text) + 8, edit.width());
  }

  QWidget& window_;
  QStringList found_;
};

/// True when `widget` is in something that scrolls, other than the frame of a dock's view.
bool scrolls(const QWidget& widget, bool may_scroll) {
  for (const QWidget* at = widget.parentWidget(); at != nullptr && !at->isWindow();
       at = at->parentWidget()) {
    const auto* area = qobject_cast<const QAbstractScrollArea*>(at);
    if (area != nullptr && (may_scroll || dynamic_cast<const WideArea*>(area) == nullptr))
      return true;
    if (qobject_cast<const QTabBar*>(at) != nullptr) return true;
  }
  return false;
}

/// In a dock behind another tab: those are kept beside the window.
bool is_behind(const QWidget& widget, const QWidget& window) {
  for (const QWidget* at = &widget; at != nullptr && at != &window; at = at->parentWidget())
    if (qobject_cast<const QDockWidget*>(at) != nullptr)
      return !at->geometry().intersects(window.rect());
  return false;
}

QString text_of(const QRect& rect) {
  return QStringLiteral("%1,%2 %3x%4")
      .arg(rect.x())
      .arg(rect.y())
      .arg(rect.width())
      .arg(rect.height());
}

}  // namespace

QString place_of(const QWidget& widget) {
  QString dock;
  for (const QWidget* at = &widget; at != nullptr; at = at->parentWidget())
    if (qobject_cast<const QDockWidget*>(at) != nullptr) dock = at->objectName() + ": ";
  return dock + widget.metaObject()->className() + ' ' + widget.objectName();
}

QStringList cut_texts(QWidget& window) {
  return CutTexts(window).find();
}

QStringList outside(QWidget& window, bool may_scroll) {
  QStringList found;
  for (const QWidget* widget : window.findChildren<QWidget*>()) {
    if (!widget->isVisible() || widget->isWindow() || widget->size().isEmpty()) continue;
    if (scrolls(*widget, may_scroll)) continue;
    const QRect rect(widget->mapTo(&window, QPoint(0, 0)), widget->size());
    if (is_behind(*widget, window)) continue;
    // QMainWindow keeps tab bars that it does not need at the moment far outside.
    const bool spare = qobject_cast<const QTabBar*>(widget) != nullptr &&
                       widget->parentWidget() == &window && !window.rect().intersects(rect);
    if (spare) continue;
    for (const QWidget* at = widget->parentWidget(); at != nullptr; at = at->parentWidget()) {
      const QRect room(at->mapTo(&window, QPoint(0, 0)), at->size());
      if (room.contains(rect)) {
        if (at == &window) break;
        continue;
      }
      found << QStringLiteral("%1 at %2 reaches out of %3 at %4")
                   .arg(place_of(*widget), text_of(rect), place_of(*at), text_of(room));
      break;
    }
  }
  return found;
}

}  // namespace moescope::test
